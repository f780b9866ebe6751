/* SPDX-License-Identifier: MIT */
/*
 * channel.h - the messages between coordinator and worker, and the socket that carries them. Layer:
 * over base.
 *
 * Each worker has one SOCK_SEQPACKET pair. The kernel keeps messages whole and in order, and shows
 * the coordinator when the worker has closed its end, for whatever reason. Coordinator and worker
 * exchange tickets and records, and nothing else.
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
    uint32_t slot;    /* where the worker writes, if it has slots of its own */
    uint32_t skip;    /* 1: without the transforms, as the source has it */
    uint32_t reserved;
};

/* In the place of a task: the record that a worker sends before its first ticket (hello), */
#define TL_TASK_HELLO UINT64_MAX

/* and the one that it sends after its last ticket (bye). */
#define TL_TASK_BYE (UINT64_MAX - 1)

/* Why a worker could not do a task. */
enum tl_trouble {
    TL_TROUBLE_NONE,
    TL_TROUBLE_MEMORY,    /* memory could not be mapped or protected: see errnum */
    TL_TROUBLE_INPUT,     /* the file could not be read: see errnum */
    TL_TROUBLE_PLUGIN,    /* a plug-in cannot be loaded any more, or has changed since the run was
                             planned */
    TL_TROUBLE_DOUBT,     /* the image data is not as it should be: libpng has to judge the file */
    TL_TROUBLE_SANDBOX,   /* the worker could not be locked in: see errnum */
    TL_TROUBLE_VIOLATION, /* the worker tried a system call that its sandbox forbids; errnum is the
                             number of that call */
};

/*
 * Worker to coordinator: the task is done, or could not be done. The worker writes every field. The
 * coordinator accepts a record only if it gave this worker that task and attempt, and if `bytes` is
 * no more than a slot holds. The other fields go to the report or to the functions of the kind.
 * Counters count from the beginning of the worker.
 */
struct tl_record {
    uint64_t task;
    uint32_t attempt;
    uint32_t trouble; /* enum tl_trouble */
    int32_t errnum;
    uint32_t bytes;                 /* that the task wrote to its slot, if the kind counts them */
    uint32_t input_sum, output_sum; /* checksums of what the task read and wrote, as its kind has
                                       them */
    uint64_t start_ns, end_ns; /* of the task; of the hello: it was born, its memory is mapped; of
                                  the bye: it was told to go, its memory is unmapped */
    uint64_t touch_ns, inflate_ns, unfilter_ns,
        transform_ns; /* parts of it, as in struct telar_task_report */
    int64_t id;       /* of the hello: the thread id */
    uint64_t user_ns, system_ns;
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches, involuntary_switches;
};

/* Makes a pair, close-on-exec: [0] is the coordinator's end, [1] the worker's. On failure both are
 * -1. TELAR_HOST: no descriptors are left. */
telar_status tl_channel_open(int ends[2], struct telar_error *error);

/* Closes an end and sets it to -1. -1 is allowed. */
void tl_channel_close(int *end);

/* Waits for a ticket, in the worker. Returns false if the coordinator has no more, or is gone.
 * Async-signal-safe. */
bool tl_channel_receive_ticket(int end, struct tl_ticket *ticket);

/* Sends a record, in the worker. Returns false if the coordinator is gone. Async-signal-safe. */
bool tl_channel_send_record(int end, const struct tl_record *record);

/*
 * Sends a ticket, in the coordinator. Returns false with errno when the worker is gone. Does not
 * block, because at most two tickets are under way.
 */
bool tl_channel_send_ticket(int end, const struct tl_ticket *ticket);

/* Ends the sending of tickets: the worker's next tl_channel_receive_ticket returns false. */
void tl_channel_finish(int end);

/* The result of tl_channel_receive_record. */
enum tl_received {
    TL_RECEIVED_NOTHING, /* no record is waiting */
    TL_RECEIVED_RECORD,
    TL_RECEIVED_END,     /* the worker has closed its end */
    TL_RECEIVED_INVALID, /* a message that is no record */
};

/* Takes one record, in the coordinator, without waiting for it. */
enum tl_received tl_channel_receive_record(int end, struct tl_record *record);

/* What tl_channel_wait has seen of one worker. When `ended` is true, all that the worker sent can
 * be received. */
struct tl_poll_result {
    bool readable; /* its channel has a message, or is closed */
    bool ended;    /* its watch can be read */
};

/*
 * Waits until one of `count` ends has a message or is closed, or one of the descriptors `watches`
 * can be read, or until deadline_ns (of tl_now_ns; UINT64_MAX: for ever). Fills in all of `seen`.
 * watches may be NULL. An end or a watch of -1 is passed over. A signal ends the wait early, with
 * nothing seen.
 */
void tl_channel_wait(const int *ends, const int *watches, struct tl_poll_result *seen,
                     uint32_t count, uint64_t deadline_ns);

/*
 * Messages of other kinds, over a pair of their own (helper.c). tl_channel_send returns false with
 * errno on failure. Async-signal-safe.
 */
bool tl_channel_send(int end, const void *message, size_t bytes);

/*
 * Waits for a message. Returns its size, 0 when the other side is gone, more than `bytes` when the
 * message is longer than that, or -1 with errno. Async-signal-safe.
 */
ssize_t tl_channel_receive(int end, void *message, size_t bytes);

#endif
