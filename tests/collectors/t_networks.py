# SPDX-License-Identifier: GPL-2.0-or-later
"""The same over wires that lose, delay and break, between network namespaces."""

import os
import threading
import time

import dav
import s3
from collector import certificate
from harness import CAPDUMP, need
from net import Net
from server import program
from t_servers import IMAGE, dump_of, nothing, send, whole
from targets import KINDS, LARGE, NETWORKS, SOON

WEIGHT = 2


def over(box, net):
    """A run() for send()."""
    return lambda *args, **kwargs: net.run(box, *args, **kwargs)


def lossy(box, kind):
    """Packets lost, late and in another order."""
    image, options, want = dump_of(box, kind)
    # packets of 9,000 bytes, or a large dump would take too long
    with Net(mtu=9000 if kind in LARGE else 1500) as net, \
            KINDS[kind](box, net) as server:
        for loss, delay, spread, rate in ((1, 0.1, 0, 0),
                                          (5, 0.005, 0.01, 2e6)):
            net.tell_wire("loss %g" % loss, "delay %g %g" % (delay, spread),
                          "rate %g" % rate)
            result = send(box, server, image, *options, "-f", run=over(box, net))
            whole("%g %%" % loss, server, result, want)
    need(net.lost > 3, "%d packets lost", net.lost)
    return "%d packets lost" % net.lost


def cut(box, kind):
    """The wire is down for seconds, in the middle: shorter and longer than what a
    connection survives here (--stall-time); and for ever."""
    image, options, want = dump_of(box, kind)
    with Net() as net, KINDS[kind](box, net) as server:
        for seconds in (1, 5):
            net.tell_wire("cut %d %g" % (len(want) // 2, seconds))
            result = send(box, server, image, *options, "-f", "--stall-time", "3",
                          run=over(box, net))
            whole("%d s" % seconds, server, result, want)
        need("trying again in" in result.err, "%s", result.err)
        net.tell_wire("cut %d 3600" % (len(want) // 2))
        result = send(box, server, image, *options, "--stall-time", "2", "--retry-time",
                      "2", name="gone", run=over(box, net))
        net.tell_wire("up")
        nothing("for ever", server, result, "given up after", name="gone")


def refused(box, kind, how):
    """A firewall begins to drop or to reject in the middle, and ends it after a
    while, or never."""
    image, options, want = dump_of(box, kind)
    with Net() as net, KINDS[kind](box, net) as server:
        match = ["-A", "INPUT", "-p", "tcp", "--dport", str(server.port)]
        fate = ["-j", "DROP"] if how == "drop" else [
            "-j", "REJECT", "--reject-with", "tcp-reset"]

        def begin():
            net.iptables("-F")
            net.iptables(*match, "-m", "quota", "--quota",
                         str(len(want) // 2), "-j", "ACCEPT")
            net.iptables(*match, *fate)

        def end():
            while not net.met(2) and not over_now.is_set():
                time.sleep(0.05)
            time.sleep(4)
            net.iptables("-F")

        over_now = threading.Event()
        begin()
        thread = threading.Thread(target=end)
        thread.start()
        try:
            result = send(box, server, image, *options, "--stall-time", "2",
                          run=over(box, net))
        finally:
            over_now.set()
            thread.join()
        whole(how, server, result, want)
        need("trying again in" in result.err, "%s", result.err)
        begin()
        result = send(box, server, image, *options, "--stall-time", "2", "--retry-time",
                      "2", name="never", run=over(box, net))
        net.iptables("-F")
        nothing(how + " for ever", server, result, "given up after",
                name="never")


def ipv6(box, kind):
    """Nothing but IPv6."""
    image, options, want = dump_of(box, kind)
    with Net(six=True) as net, KINDS[kind](box, net) as server:
        whole("IPv6", server, send(box, server, image, *options, run=over(box, net)),
              want)


def nameless(box):
    """No name server can be reached: told."""
    image = box.image(IMAGE)
    with Net() as net:
        # resolv.conf(5)
        environ = {**os.environ, "RES_OPTIONS": "timeout:1 attempts:1"}
        result = net.run(box, "--triage=no", "--retry-time", "3", image.path,
                         "http://collector.example/dump", env=environ)
        need(result.code == 1 and "name is not found" in result.err,
             "exit %d: %s", result.code, result.err)


def clock(box):
    """The crashed machine's clock is years behind, or ahead: TLS says no, and the
    message tells why."""
    image = box.image(IMAGE)
    with dav.Nginx(box, certificate(box)) as server:
        for when in ("2001-01-01 12:00:00", "2040-01-01 12:00:00"):
            result = box.run(
                "--exclude-monotonic", "-f", when, CAPDUMP,
                "--triage=no", *server.options(), image.path,
                server.target("dump"), program=program("faketime", "faketime"))
            nothing(when, server, result, "clock")


def skewed(box):
    """The same of a store, which takes no signature of another time."""
    image = box.image(IMAGE)
    with s3.Swift(box) as server:
        result = box.run(
            "--exclude-monotonic", "-f", "2001-01-01 12:00:00", CAPDUMP,
            "--triage=no", *server.options(), image.path,
            server.target("dump"), program=program("faketime", "faketime"),
            env={**os.environ, **server.environ})
        nothing("skewed", server, result, "hwclock")


def tests():
    for kind in NETWORKS:
        if kind in SOON:
            continue
        for function in (lossy, cut, ipv6):
            yield "%s/%s" % (kind, function.__name__), function, kind
    for how in ("drop", "reject"):
        yield how, refused, "nginx", how
    yield "nameless", nameless
    yield "clock", clock
    yield "skewed", skewed
