/* SPDX-License-Identifier: MIT */
/*
 * channel.h - the messages between coordinator and worker, and the socket that carries them. Layer:
 * over status.
 *
 * One SOCK_SEQPACKET pair per worker: the kernel keeps messages whole and in order, says who sent
 * them, and says when the other side is gone, however it went. Nothing else than these two messages
 * is ever told between the two.
 */
#ifndef TL_CHANNEL_H
#define TL_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <telar/status.h>

/* Coordinator to worker: run this task. */
struct tl_ticket {
    uint64_t task;    /* index into the job's tasks */
    uint32_t attempt; /* 1 for the first */
    uint32_t slot;    /* encode: where to */
    uint32_t skip;    /* 1: without the transforms, as the source has it */
    uint32_t reserved;
};

/* The task of the record that a worker sends when it begins its loop. */
#define TL_TASK_HELLO UINT64_MAX

/* The same when it has left its loop, because there are no more tickets. */
#define TL_TASK_BYE (UINT64_MAX - 1)

/* Why a worker could not do a task. */
enum tl_trouble {
    TL_TROUBLE_NONE,
    TL_TROUBLE_MEMORY,  /* memory could not be mapped or protected: see errnum */
    TL_TROUBLE_INPUT,   /* the file could not be read: see errnum */
    TL_TROUBLE_PLUGIN,  /* a plug-in cannot be loaded any more, or is not what it was when the run
                           was planned */
    TL_TROUBLE_DOUBT,   /* the image data is not as it should be: the reference decoder has to judge
                         */
    TL_TROUBLE_SANDBOX, /* the worker could not be locked in: see errnum */
    TL_TROUBLE_VIOLATION, /* it tried what a sandboxed worker must not: errnum is the number of the
                             system call */
};

/*
 * Worker to coordinator: that task is done, or could not be. All that a worker says is here, and
 * the coordinator believes it only where task and attempt are what it gave to this very worker, and
 * `bytes` is no more than a slot has. The rest is reported, or belongs to the output, and is used
 * for nothing else. Counters are the worker's since it began.
 */
struct tl_record {
    uint64_t task;
    uint32_t attempt;
    uint32_t trouble; /* enum tl_trouble */
    int32_t errnum;
    uint32_t bytes, adler; /* encode: struct tl_encoded; inflate, of what follows the bands: bytes
                              of tl_decoder_end_image */
    uint32_t inflated;     /* of a band that was decoded for itself: Adler-32 of its rows with their
                              filters */
    uint64_t start_ns, end_ns; /* of the task; of the hello: it was born, its memory is mapped; of
                                  the bye: it was told to go, its memory is unmapped */
    uint64_t touch_ns, inflate_ns, unfilter_ns,
        transform_ns; /* parts of it, as in struct telar_task_report */
    int64_t id;       /* of the hello: the thread id */
    uint64_t user_ns, system_ns;
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches, involuntary_switches;
};

/* Makes a pair, close-on-exec: [0] is the coordinator's end, [1] the worker's. TELAR_HOST: no
 * descriptors left. */
telar_status tl_channel_open(int ends[2], struct telar_error *error);

/* Closes an end and sets it to -1; -1 is allowed. */
void tl_channel_close(int *end);

/* The worker's side, async-signal-safe. False: the coordinator has no more tickets, or is gone. */
bool tl_channel_receive_ticket(int end, struct tl_ticket *ticket);
bool tl_channel_send_record(int end, const struct tl_record *record);

/*
 * The coordinator's side. Sends a ticket; false with errno when the worker is gone. Never blocks
 * for long: at most two are under way.
 */
bool tl_channel_send_ticket(int end, const struct tl_ticket *ticket);

/* Says that no more tickets will come: the worker's next take gives false. */
void tl_channel_finish(int end);

/* What a look at a worker's end gave. */
enum tl_received {
    TL_RECEIVED_NOTHING, /* no record is waiting */
    TL_RECEIVED_RECORD,
    TL_RECEIVED_END,     /* the worker has closed its end: it has ended, in one way or another */
    TL_RECEIVED_INVALID, /* a message that is no record: the worker broke its contract */
};

/* Takes one waiting record, without waiting. */
enum tl_received tl_channel_receive_record(int end, struct tl_record *record);

/* What a wait has seen of a worker. What it said before it ended is there to be heard when `ended`
 * is true. */
struct tl_poll_result {
    bool word;  /* its end has something to hear */
    bool ended; /* its watch can be read */
};

/*
 * Waits until one of `count` ends has something to hear or one of the descriptors `watches` can be
 * read, or until deadline_ns (of tl_now_ns; UINT64_MAX: for ever), and says so in seen[i]. watches
 * may be NULL. Those of -1 are passed over. A signal ends the wait early, with nothing seen.
 */
void tl_channel_wait(const int *ends, const int *watches, struct tl_poll_result *seen,
                     uint32_t count, uint64_t deadline_ns);

/*
 * Messages of other kinds, over a pair of their own (see probe.c). Sending is false with errno.
 * Receiving waits for a message, and gives its size, 0 when the other side is gone, more than
 * `bytes` when it is longer than that, or -1.
 */
bool tl_channel_send(int end, const void *message, size_t bytes);
ssize_t tl_channel_receive(int end, void *message, size_t bytes);

#endif
