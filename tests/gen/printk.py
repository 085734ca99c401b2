# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel log in memory: the lockless ring buffer (5.10 and later,
kernel/printk/printk_ringbuffer.h) or the record buffer before it (struct
printk_log, kernel/printk/printk.c up to 5.9)."""

STATES = {"reserved": 0, "committed": 1, "finalized": 2, "reusable": 3}
NO_DATA = 0x3                   # EMPTY_LINE_LPOS: the record has no text


class Log:
    """kind; entries: what a reader must find, oldest first, as dicts."""

    def __init__(self, kind):
        self.kind = kind
        self.entries = []
        self.caller = False
        self.record_size = 16


def build(machine):
    kind = machine.fx["log"] or "prb"
    log = Log(kind)
    messages = []
    for i, (attrs, text) in enumerate(machine.fx.logs):
        messages.append(dict(
            seq=i, ts_nsec=int(round(float(attrs.get("ts", i * 0.25)) * 1e9)),
            level=int(attrs.get("level", "6")),
            facility=int(attrs.get("facility", "0")),
            caller=int(attrs.get("caller", "0x80000000"), 0),
            state=attrs.get("state", "finalized"), text=text))
    if kind == "prb":
        lockless(machine, log, messages)
    elif kind == "records":
        records(machine, log, messages)
    return log


def entry(message):
    return {k: v for k, v in message.items() if k != "state"}


def lockless(machine, log, messages):
    fx, mem, lay = machine.fx, machine.mem, machine.layout
    word, pack, mask = machine.words.size, machine.words.pack, \
        machine.words.mask
    id_mask = mask >> 2         # the top two bits of state_var are the state
    nr_descs, text_size = 1 << fx.num("log_descs"), 1 << fx.num("log_bits")
    text = machine.symbol("log_text", text_size, 64)
    descs = machine.symbol("prb_descs", 3 * word * nr_descs, 8)
    infos = machine.symbol("prb_infos", lay.info_size * nr_descs, 8)
    rb = machine.symbol("printk_rb_static", lay.prb_size, 32)
    pointer = machine.symbol("prb", 8)
    mem.long(pointer, machine.image_vaddr(rb))
    machine.symbol("clear_seq", 24)

    # the values with which a kernel boots: just before both counters wrap
    desc0 = -(nr_descs + 1) & id_mask
    lpos = -text_size & mask
    start = fx.num("log_pos")
    if start:
        lpos = (lpos + start) & mask
    for i in range(nr_descs):
        mem.write(descs + 3 * word * i, pack(
            "LLL", desc0 | mask - id_mask if i == nr_descs - 1 else 0, 1, 1))
    head, blocks = desc0, []
    for message in messages:
        head = (head + 1) & id_mask
        begin, lpos = put_block(mem, text, text_size, lpos, head,
                                message["text"])
        put_desc(machine, descs, infos, nr_descs, head, begin, lpos, message)
        blocks.append((begin, lpos, message))
    tail = desc0 if len(messages) < nr_descs \
        else (head - nr_descs + 1) & id_mask
    live = blocks[-nr_descs:]
    oldest = (lpos - text_size) & mask
    first = next((b for b, _, m in live if b != NO_DATA
                  and (b - oldest) & mask < text_size), lpos)
    # data pushed out by newer data: those descriptors were recycled first
    for number, (begin, _, message) in enumerate(live):
        lost = begin != NO_DATA and (begin - oldest) & mask >= text_size
        if lost:
            tail = (head - len(live) + number + 2) & id_mask
    for number, (begin, end, message) in enumerate(live):
        this = (head - len(live) + number + 1) & id_mask
        if (this - tail) & id_mask < nr_descs \
                and message["state"] in ("committed", "finalized"):
            log.entries.append(entry(message))
    # count_bits and size_bits are ints, in front of a pointer
    mem.write(rb, pack("I%dx4L" % (word - 4), fx.num("log_descs"),
                       machine.image_vaddr(descs),
                       machine.image_vaddr(infos), head, tail))
    mem.write(rb + lay.text_ring, pack(
        "I%dx3L" % (word - 4), fx.num("log_bits"),
        machine.image_vaddr(text), lpos, first))


def put_block(mem, base, size, lpos, ident, text):
    """A data block: the descriptor's id, then the text, aligned to a long;
    one that would cross the end lies at the start (data_alloc())."""
    if not text:
        return NO_DATA, lpos
    word, mask = mem.words.size, mem.words.mask
    need = (word + len(text) + word - 1) & ~(word - 1)
    begin, end = lpos, (lpos + need) & mask
    at = begin % size
    if at + need > size:
        mem.long(base + at, ident)
        end = ((begin - at + size) + need) & mask
        at = 0
    mem.write(base + at, mem.words.pack("L", ident) + text
              + bytes(need - word - len(text)))
    return begin, end


def put_desc(machine, descs, infos, nr_descs, ident, begin, lpos, message):
    words = machine.words
    slot = ident % nr_descs
    state = STATES[message["state"]] << words.bits - 2
    end = NO_DATA if begin == NO_DATA else lpos
    machine.mem.write(descs + 3 * words.size * slot, words.pack(
        "LLL", state | ident, begin, end))
    size = machine.layout.info_size
    machine.mem.write(infos + size * slot, words.pack(
        "QQHBBI", message["seq"], message["ts_nsec"], len(message["text"]),
        message["facility"], flags_level(words, message), message["caller"]))


def flags_level(words, message):
    """u8 flags:5, level:3: bit fields go from the top where numbers do."""
    return message["level"] << (0 if words.order == ">" else 5)


def records(machine, log, messages):
    """The buffer of struct printk_log; a record of length 0 sends the
    reader back to the start."""
    fx, mem, pack = machine.fx, machine.mem, machine.words.pack
    log.caller = fx.flag("log_caller")
    log.record_size = 24 if log.caller else 16
    size = 1 << fx.num("log_bits")
    buf = machine.symbol("log_text", size, 64)
    at, free = fx.num("log_pos") & ~7, size
    first = at
    live = []
    for message in messages:
        need = (log.record_size + len(message["text"]) + 7) & ~7
        if at + need + log.record_size > size:
            mem.write(buf + at, bytes(log.record_size))
            free -= size - at
            at = 0
        while live and any(overlap(at, need + log.record_size, b, n)
                           for b, n, _ in live[:1]):
            live.pop(0)
            first = live[0][0] if live else at
        data = pack("QHHHBB", message["ts_nsec"], need,
                    len(message["text"]), 0, message["facility"],
                    flags_level(machine.words, message))
        if log.caller:
            data += pack("II", message["caller"], 0)
        mem.write(buf + at, data + message["text"])
        live.append((at, need, message))
        at += need
    log.entries = [entry(m) for _, _, m in live]
    pointer = machine.symbol("log_buf", 8)
    mem.long(pointer, machine.image_vaddr(buf))
    mem.u32(machine.symbol("log_buf_len", 4, 4), size)
    mem.u32(machine.symbol("log_first_idx", 4, 4), first)
    mem.u32(machine.symbol("clear_idx", 4, 4), first)
    mem.u32(machine.symbol("log_next_idx", 4, 4), at)


def overlap(a, alen, b, blen):
    return a < b + blen and b < a + alen
