/* coordinator-private: what the parts of the coordinator share while a run goes on. */
#pragma once

#include "channel.h"
#include "coordinator.h"
#include "division.h"
#include "held-worker.h"
#include "worker.h"

#define MH_STOPPED_AS_ASKED "stopped before its end as asked; run again to continue"

/* One worker at work. */
typedef struct {
    MhWorker worker;
    const MhAccount *account;
    MhChannelReader reader;
    MhAccountOutcome *outcome;
    bool ended;   /* it said that it came to its end */
    bool stopped; /* ... because it was asked to */
    int64_t started_us;
    uint64_t said_bytes; /* about what we keep of what it says */
    MhHeldWorker held;
    bool held_told;       /* and another has its place */
    bool in_last_batch;   /* what is left to be done there waits for a disk */
    MhDivision *division; /* of the account; NULL: it is not divided */
    bool is_part;         /* the worker does a part of it */
} MhSeat;

typedef struct {
    const MhJob *job;
    const GPtrArray *accounts;
    const MhCoordinatorEvents *events;
    GPtrArray *seats;     /* of MhSeat, those that work */
    GPtrArray *divisions; /* of MhDivision: of accounts that are not done */
    uint32_t jobs;
    uint64_t rest_bytes; /* of accounts that have not been started */
    size_t next;         /* the first of them */
    size_t done;
    uint64_t messages, bytes;
    bool told_to_stop; /* and the workers have been told so, */
    int64_t told_us;   /* ... then */
} MhRun;

/* ---- coordinator-start: whom to put to work ---- */

/* Adds up what there is to do. */
void mh_coordinator_weigh(MhRun *run);
/* Puts another worker to work. False: there is nothing to start now. */
bool mh_coordinator_start(MhRun *run);
/* Accounts that are divided, and have no worker any more, are not finished: the run stops. */
void mh_coordinator_abandon(MhRun *run);

/* ---- coordinator ---- */

/* Workers that wait for a disk beside those that are at work: each has memory of its own. */
#define MH_WAITING_MOST 8
/* Is there room for another worker? Those that are held do not count. Nor do those that put their
 * last batch in place, up to a limit: they wait for the disk, and the more of them wait together,
 * the fewer times it has to be waited for. One job is one account at a time, whatever it does. */
bool mh_coordinator_has_room(const MhRun *run);
/* An account is done, or has failed: @division is forgotten, which may be NULL. */
void mh_coordinator_report(MhRun *run, MhAccountOutcome *outcome, MhDivision *division);

/* ---- coordinator-records: what workers say ---- */

/* Takes in one record. False when it is not one that this worker sends. */
bool mh_coordinator_take(MhRun *run, MhSeat *seat, MhRecordKind kind, GVariant *content);
