# SPDX-License-Identifier: GPL-2.0-or-later
"""npm's @tus/server with its store of files, as docs/collector.md starts it."""

import json
import os

import doc
from s3 import npm_program
from server import Server, program


class Tus(Server):
    """.url (http://host:port/files/), .objects."""
    names = False

    def __init__(self, box, net=None):
        super().__init__(box, "tus", net)
        self.objects = self.folder + "/objects"
        os.makedirs(self.objects, exist_ok=True)

    def configure(self):
        modules = os.path.dirname(os.path.dirname(
            npm_program("@tus/server")))
        link = self.folder + "/node_modules"
        if not os.path.lexists(link):
            os.symlink(modules, link)
        with open(self.folder + "/server.js", "w", encoding="ascii") as file:
            file.write(doc.block("tus", 1, words={
                "/srv/crash": self.objects, "'localhost'": repr(self.host),
                "1080": str(self.port)}))

    def commands(self):
        return [[program("node", "nodejs"), self.folder + "/server.js"]]

    @property
    def url(self):
        return "http://%s/files/" % self.at()

    def target(self, name):
        return "tus+" + self.url + name

    def uploads(self, name):
        """[(file, bytes that it has, bytes announced)] of what was sent by that name,
        the oldest first."""
        found = []
        for file_name in os.listdir(self.objects):
            if not file_name.endswith(".json"):
                continue
            path = os.path.join(self.objects, file_name[:-5])
            with open(path + ".json", encoding="utf-8") as file:
                info = json.load(file)
            if (info.get("metadata") or {}).get("filename") == name:
                found.append((os.path.getmtime(path), path,
                              os.path.getsize(path), info.get("size")))
        return [each[1:] for each in sorted(found)]

    def path(self, name):
        """Of the newest upload by that name that is whole."""
        whole = [path for path, have, size in self.uploads(name)
                 if have == size]
        return whole[-1] if whole else None
