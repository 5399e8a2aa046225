import { setTimeout as sleep } from 'node:timers/promises';
import { failpointsInSource, plantedAt } from '../failpoints.ts';
import type { Dice } from '../load/dice.ts';
import type { Cluster, Member } from './cluster.ts';
import type { Cut } from './cut-proxy.ts';
import { endClaims, withRows } from './rows.ts';

/** What is done to a cluster under load. */
export const HOWS = ['kill', 'failpoint', 'backend', 'database', 's3', 'pause', 'cut'] as const;

export type How = (typeof HOWS)[number];

export interface BlowOptions {
  readonly cluster: Cluster;
  readonly dice: Dice;
  /** How long a process is stopped, in milliseconds. */
  readonly pause: number;
}

/** Something that was done and lasts until it is healed. */
export interface Blow {
  readonly what: string;
  heal(): Promise<void>;
}

/** In milliseconds: a balancer of load takes a process out that has not answered for so long. */
const TAKEN_OUT = 1000;
/** In milliseconds: how long to wait for what is to be caught in the middle of. */
const CATCHING = 8000;
/** The request that erases, as its first line begins. */
const ERASURE = /^POST \/\S*[?&]delete/;

/** What these processes do not use. */
const OTHER_STORES = ['metadata/sqlite/', 'blobs/file-system/'];
/** Failpoints that only clients of another kind come to. */
const UNLOADED = /^(?:fsck|restore|referrers)\./;

const STRIKE: Readonly<Record<How, (options: BlowOptions) => Promise<Blow>>> = {
  kill,
  failpoint,
  backend,
  database,
  s3,
  pause,
  cut,
};

/** Strikes while clients are at work. What it does in detail is for the dice. */
export function strike(how: How, options: BlowOptions): Promise<Blow> {
  return STRIKE[how](options);
}

/** kill -9 of a process, or of all of them; sometimes in the middle of erasing. */
async function kill({ cluster, dice }: BlowOptions): Promise<Blow> {
  const all = dice.chance(0.2);
  const one = memberOf(cluster, dice);
  const doomed = all ? cluster.members : [one];
  const erasing = !all && dice.chance(0.3) && (await caughtErasing(one, () => one.berth?.signal('SIGKILL')));
  for (const member of doomed) await cluster.killMember(member);
  return {
    what: `kill -9 of ${all ? 'all processes' : one.name}${erasing ? ' as it erases' : ''}`,
    heal: async () => {
      await Promise.all(doomed.map((member) => cluster.startMember(member)));
    },
  };
}

/** kill -9 of a process where it comes to a failpoint, for the first time or a later one. */
async function failpoint({ cluster, dice }: BlowOptions): Promise<Blow> {
  const member = memberOf(cluster, dice);
  const name = dice.oneOf((await failpointsInSource(OTHER_STORES)).filter((one) => !UNLOADED.test(one))) ?? '';
  const hit = 1 + dice.below(4);
  await cluster.killMember(member);
  await cluster.startMember(member, plantedAt(name, hit));
  const { berth } = member;
  berth?.signal('SIGUSR2');
  const late = new AbortController();
  const inTime = sleep(CATCHING, false, { signal: late.signal }).catch(() => false);
  const isReached = await Promise.race([berth?.ended.then(() => true), inTime]);
  late.abort();
  await cluster.killMember(member);
  return {
    what: `kill -9 of ${member.name} ${isReached ? `at ${name}, ${hit}` : `which did not come to ${name} ${hit} times`}`,
    heal: () => cluster.startMember(member),
  };
}

/** kill -9 of one backend of the database, which ends all connections and has the server recover. */
async function backend({ cluster, dice }: BlowOptions): Promise<Blow> {
  const pids = await withRows(cluster.databaseUrl, async (client) => {
    const { rows } = await client.query<{ pid: number; state: string }>(
      `SELECT pid, state FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'berth-%' ORDER BY pid`,
    );
    const busy = rows.filter(({ state }) => state !== 'idle');
    return (busy.length > 0 ? busy : rows).map(({ pid }) => pid);
  });
  const pid = dice.oneOf(pids);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  return { what: `kill -9 of the backend ${pid} of PostgreSQL`, heal: () => untilDatabaseAnswers(cluster) };
}

/** kill -9 of the whole database server. */
async function database({ cluster }: BlowOptions): Promise<Blow> {
  await cluster.postgres.stop('SIGKILL');
  return {
    what: 'kill -9 of PostgreSQL',
    heal: async () => {
      await cluster.postgres.start();
      await untilDatabaseAnswers(cluster);
    },
  };
}

/** kill -9 of the S3 server. */
async function s3({ cluster }: BlowOptions): Promise<Blow> {
  await cluster.s3.stop('SIGKILL');
  return { what: 'kill -9 of the S3 server', heal: () => cluster.s3.start() };
}

/**
 * Stops a process: mostly in the middle of erasing, with the erasure carried out while it does not hear of it, or held up in the
 * network until it wakes; mostly for longer than what it has taken belongs to it.
 */
async function pause({ cluster, dice, pause }: BlowOptions): Promise<Blow> {
  const member = memberOf(cluster, dice);
  const { berth, store } = member;
  if (!berth) throw new Error(`${member.name} does not run`);
  const isHeldUp = dice.chance(0.5);
  const stop = () => {
    berth.signal('SIGSTOP');
    if (isHeldUp) store.cut('silence');
  };
  const erasing = dice.chance(0.8) && (await caughtErasing(member, stop));
  if (!erasing) berth.signal('SIGSTOP');
  const where = !erasing ? '' : isHeldUp ? ' as it erases, which is held up' : ' as it erases';
  const isLong = dice.chance(0.7);
  await sleep(Math.min(TAKEN_OUT, pause / 2));
  member.isOut = true;
  if (isLong) await endClaims(cluster.databaseUrl);
  return {
    what: `SIGSTOP of ${member.name}${where}${isLong ? ', until others have taken its work' : ''}`,
    heal: async () => {
      await sleep(pause / 2);
      // The process first, so that it meets its own late request.
      berth.signal('SIGCONT');
      store.heal();
      member.isOut = false;
    },
  };
}

/** Cuts the network between a process and the database, or the S3 server, or both. */
async function cut({ cluster, dice }: BlowOptions): Promise<Blow> {
  const member = memberOf(cluster, dice);
  const [network = 'database'] = dice.some(['database', 'store', 'both'] as const, 1);
  const [how = 'reset'] = dice.some<Cut>(['reset', 'silence'], 1);
  const after = dice.chance(0.5) ? 'go on' : 'break';
  const networks = [
    ...(network !== 'store' ? [member.database] : []),
    ...(network !== 'database' ? [member.store] : []),
  ];
  const erasing = network === 'store' && dice.chance(0.5) && (await caughtErasing(member, () => member.store.cut(how)));
  for (const proxy of networks) proxy.cut(how);
  if (dice.chance(0.5)) member.isOut = true;
  return {
    what: `${how} between ${member.name} and ${network}${erasing ? ' as it erases' : ''}, then ${after}`,
    heal: async () => {
      for (const proxy of networks) proxy.heal(after);
      member.isOut = false;
    },
  };
}

function memberOf({ members }: Cluster, dice: Dice): Member {
  const member = dice.oneOf(members);
  if (!member) throw new Error('there are no processes');
  return member;
}

/** Has `act` run when the process asks the store to erase something, before the store hears of it. Answers whether it did. */
async function caughtErasing({ store }: Member, act: () => void): Promise<boolean> {
  const late = new AbortController();
  const caught = await Promise.race([
    store.catchNext(ERASURE, act).then(() => true),
    sleep(CATCHING, false, { signal: late.signal }).catch(() => false),
  ]);
  late.abort();
  store.catchNothing();
  return caught;
}

async function untilDatabaseAnswers({ databaseUrl }: Cluster): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await withRows(databaseUrl, (client) => client.query('SELECT 1'));
      return;
    } catch (error) {
      if (tries === 400) throw error;
      await sleep(50);
    }
  }
}
