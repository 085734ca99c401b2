# SPDX-License-Identifier: GPL-2.0-or-later
"""An SFTP server (paramiko's, draft-ietf-secsh-filexfer-02) in memory that lies and
fails as it is told."""

import contextlib
import logging
import socket
import threading

import paramiko
from paramiko import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK, \
    SFTP_PERMISSION_DENIED, SFTPAttributes

logging.getLogger("paramiko").addHandler(logging.NullHandler())


class File(paramiko.SFTPHandle):
    def __init__(self, inbox, name, flags):
        super().__init__(flags)
        self.inbox, self.name = inbox, name

    def write(self, offset, data):
        inbox, have = self.inbox, self.inbox.server.objects[self.name]
        fault = inbox.fault("write", len(have))
        if fault == "short":
            data = data[:len(data) // 2]
        elif fault == "swallow":
            return SFTP_OK
        elif fault is not None:
            return fault
        have[offset:offset + len(data)] = data
        return SFTP_OK

    def read(self, offset, length):
        fault = self.inbox.fault("read")
        if fault == "empty":
            return b""
        if fault == "more":
            return b"x" * (length + 70000)
        if fault is not None:
            return fault
        return bytes(self.inbox.server.objects[self.name][offset:offset + length])

    def stat(self):
        return self.inbox.attributes(self.name)


class Inbox(paramiko.SFTPServerInterface):
    def __init__(self, handler, *args, **kwargs):
        super().__init__(handler, *args, **kwargs)
        self.server, self.handler = handler.server, handler

    def fault(self, operation, at=None):
        """What is to happen instead of it; None: nothing."""
        fault = self.server.faults.get(operation)
        if isinstance(fault, tuple):            # from so many bytes on
            fault = fault[1] if at is not None and at >= fault[0] else None
        if fault == "close":
            self.handler.transport.close()
        elif fault == "stall":
            self.server.closing.wait(60)
        elif fault == "reset":
            self.handler.transport.sock.close()
        else:
            return fault
        return SFTP_FAILURE

    def attributes(self, path):
        name = path.lstrip("/")
        fault = self.fault("stat " + name.rpartition(".")[2])
        if fault is None:
            fault = self.fault("stat")
        found = SFTPAttributes()
        if isinstance(fault, dict):
            for key, value in fault.items():
                setattr(found, key, value)
            return found
        if fault is not None:
            return fault
        if name not in self.server.objects:
            return SFTP_NO_SUCH_FILE
        found.st_size, found.st_mode = len(self.server.objects[name]), 0o100600
        return found

    stat = lstat = attributes

    def canonicalize(self, path):
        return self.fault("realpath") or "/"

    def open(self, path, flags, attr):
        fault, name = self.fault("open"), path.lstrip("/")
        if fault is not None:
            return fault
        if name not in self.server.objects and not flags & 0o100:
            return SFTP_NO_SUCH_FILE
        have = self.server.objects.setdefault(name, bytearray())
        if flags & 0o1000:
            del have[:]
        return File(self, name, flags)

    def remove(self, path):
        fault = self.fault("remove")
        if fault is not None:
            return fault
        gone = self.server.objects.pop(path.lstrip("/"), None)
        return SFTP_NO_SUCH_FILE if gone is None else SFTP_OK

    def rename(self, old, new):
        fault = self.fault("rename")
        if fault == "swallow":
            return SFTP_OK
        if fault is not None:
            return fault
        self.server.objects[new.lstrip("/")] = \
            self.server.objects.pop(old.lstrip("/"))
        return SFTP_OK


class Session(paramiko.ServerInterface):
    def __init__(self, faults):
        self.faults = faults

    def get_allowed_auths(self, username):
        return "password"

    def check_auth_password(self, username, password):
        return paramiko.AUTH_FAILED if "login" in self.faults else \
            paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED


class Handler(paramiko.SFTPServer):
    """Knows its connection and whose it is."""

    def __init__(self, channel, name, session, interface, *args, **kwargs):
        self.transport, self.server = channel.get_transport(), session.server
        super().__init__(channel, name, session, interface, *args, **kwargs)


class SftpServer:
    """FAULTS: for an operation what happens each time: a status, a word, or (bytes,
    what happens once so many are there)."""
    key = paramiko.ECDSAKey.generate()

    def __init__(self, faults=()):
        self.faults, self.objects = dict(faults), {}
        self.closing, self.greeted = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = "sftp://me@127.0.0.1:%d/" % self.port

    def known_hosts(self):
        return "[127.0.0.1]:%d %s %s\n" % (self.port, self.key.get_name(),
                                           self.key.get_base64())

    def serve(self, connection):
        greeting = self.faults.get("greeting")
        with contextlib.suppress(OSError):
            while greeting and not self.closing.is_set():
                connection.sendall(greeting)
                self.greeted.set()
        if greeting:
            return
        transport = paramiko.Transport(connection)
        transport.add_server_key(self.key)
        transport.set_subsystem_handler("sftp", Handler, Inbox)
        session = Session(self.faults)
        session.server = self
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            transport.start_server(server=session)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                threading.Thread(target=self.serve, args=(connection,),
                                 daemon=True).start()

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *args):
        self.closing.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
