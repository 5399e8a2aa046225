import { type Act, brief, describe, type Operation, SOMETHING, type Value } from './history.ts';

/** A point that a search for an order has come to. */
interface Point {
  /** All requests with an answer before this one are in the order. */
  readonly first: number;
  /** So are these, which come after it. Sorted. */
  readonly ahead: readonly number[];
  /** And these of those without an answer. Sorted. */
  readonly used: readonly number[];
  readonly value: Value;
}

/** The points that a search has been to. */
class Seen {
  readonly #used = new Map<string, (readonly number[])[]>();

  /** Whether it has been to this one, or to one that differs only in having used fewer of those without an answer; notes it. */
  covers({ first, ahead, used, value }: Point): boolean {
    const key = `${first} ${ahead.join()} ${value ?? ''}`;
    const known = this.#used.get(key) ?? [];
    const has = new Set(used);
    if (known.some((fewer) => fewer.every((at) => has.has(at)))) return true;
    this.#used.set(key, [...known, used]);
    return false;
  }
}

/** What the requests without an answer can lead to, and which of them that takes. */
interface Turn {
  readonly value: Value;
  readonly using: readonly number[];
}

/**
 * Whether one order of all these requests explains every answer: each request carried out in one moment between its beginning
 * and its end. Answers `undefined` when there is such an order, and else how far the longest one comes.
 *
 * The search is that of Wing and Gong: whatever began before the first of the rest had ended may be next. Points that it has
 * been to are not gone on from again, as Lowe does. What has the right answer now and can change nothing any more is put next at
 * once, without trying anything else. A request without an answer is put into the order only where the next answer
 * cannot be explained without it: what it leads to anywhere else is overwritten before anybody sees it.
 */
export function contradictionIn(history: readonly Operation[], initial: Value = undefined): string | undefined {
  const isOpen = ({ ended }: Operation) => ended === Number.POSITIVE_INFINITY;
  const inOrder = history.toSorted((a, b) => a.began - b.began);
  const answered = inOrder.filter((operation) => !isOpen(operation));
  const open = inOrder.filter(isOpen);
  const puts = putsOf(answered, open);
  const start: Point = { first: 0, ahead: [], used: [], value: initial };
  const seen = new Seen();
  const left = [start];
  let furthest = start;
  for (let point = left.pop(); point; point = left.pop()) {
    if (point.first === answered.length) return undefined;
    if (seen.covers(point)) continue;
    if (countOf(point) > countOf(furthest)) furthest = point;
    const { candidates, until } = candidatesAt(point, answered);
    const idle = candidates.find((at) => isIdle((answered[at] as Operation).act, point, puts));
    const next = (idle === undefined ? candidates : [idle]).flatMap((candidate) => {
      const { act } = answered[candidate] as Operation;
      const then = after(point, candidate);
      return turnsTo(act, point, open, until).map(({ value, using }) => {
        const used = using.length === 0 ? point.used : [...point.used, ...using].sort((a, b) => a - b);
        return { ...then, used, value: resultOf(act, value) };
      });
    });
    // What needs the fewest requests without an answer is looked at first, and of those what began first.
    left.push(...next.sort((a, b) => a.used.length - b.used.length).reverse());
  }
  return complaint(furthest, answered, open);
}

/** Which requests may be next, and the moment before which the next one has to be. */
function candidatesAt({ first, ahead }: Point, answered: readonly Operation[]) {
  const candidates: number[] = [];
  let until = Number.POSITIVE_INFINITY;
  for (let at = first; at < answered.length; at++) {
    const operation = answered[at] as Operation;
    if (operation.began > until) break;
    if (ahead.includes(at)) continue;
    candidates.push(at);
    until = Math.min(until, operation.ended);
  }
  return { candidates: candidates.filter((at) => (answered[at] as Operation).began <= until), until };
}

/** Where images are put, by digest: which of the requests with an answer does, and which of those without. */
type Puts = ReadonlyMap<string, { readonly answered: readonly number[]; readonly open: readonly number[] }>;

function putsOf(answered: readonly Operation[], open: readonly Operation[]): Puts {
  const at = (operations: readonly Operation[], digest: string) =>
    operations.flatMap(({ act }, index) => (act.kind === 'put' && act.digest === digest ? [index] : []));
  const digests = [...answered, ...open].flatMap(({ act }) => (act.kind === 'put' ? [act.digest] : []));
  return new Map(digests.map((digest) => [digest, { answered: at(answered, digest), open: at(open, digest) }]));
}

/** Whether the answer is the right one now, and what was asked for changes nothing, now or later. */
function isIdle(act: Act, { first, ahead, used, value }: Point, puts: Puts): boolean {
  if (act.kind === 'get') return act.saw === value;
  if (act.kind === 'delete') return act.saw === undefined && value === undefined;
  if (act.kind !== 'delete image' || act.digest === value) return false;
  if (!act.found) return true;
  // The tag might lead to it yet.
  const { answered, open } = puts.get(act.digest) ?? { answered: [], open: [] };
  return answered.every((at) => at < first || ahead.includes(at)) && open.every((at) => used.includes(at));
}

function after({ first, ahead }: Point, done: number): Pick<Point, 'first' | 'ahead'> {
  const rest = new Set([...ahead, done]);
  let next = first;
  while (rest.delete(next)) next += 1;
  return { first: next, ahead: [...rest].sort((a, b) => a - b) };
}

/** What the tag may lead to when this is carried out, so that the answer is the right one. */
function turnsTo(act: Act, point: Point, open: readonly Operation[], until: number): Turn[] {
  const { value, used } = point;
  const asItIs: Turn = { value, using: [] };
  const turns: Turns = {
    value,
    open,
    get free() {
      return open.flatMap(({ began }, at) => (began <= until && !used.includes(at) ? [at] : []));
    },
  };
  switch (act.kind) {
    case 'put':
      return [asItIs];
    case 'get':
      return value === act.saw ? [asItIs] : turnsInto(act.saw, turns);
    case 'delete':
      if (act.saw === SOMETHING) return value === undefined ? putsAmong(turns) : [asItIs];
      return value === act.saw ? [asItIs] : turnsInto(act.saw, turns);
    case 'delete image':
      // It may take the tag from under somebody of whom nothing else was heard.
      if (act.found) return [asItIs, ...turnsInto(act.digest, turns)];
      if (value !== act.digest) return [asItIs];
      return [...turnsInto(undefined, turns), ...putsAmong(turns).filter((turn) => turn.value !== act.digest)];
  }
}

interface Turns {
  readonly value: Value;
  readonly open: readonly Operation[];
  /** Which of `open` may be carried out now. */
  readonly free: readonly number[];
}

function turnsInto(wanted: Value, turns: Turns): Turn[] {
  const puts = putsAmong(turns);
  // Of those that come to the same, the first one is as good as any.
  if (wanted !== undefined) return puts.filter(({ value }) => value === wanted).slice(0, 1);
  const actAt = (at: number) => turns.open[at]?.act;
  const untagging = turns.free.filter((at) => actAt(at)?.kind === 'delete').slice(0, 1);
  const deleting = turns.free.flatMap((at) => {
    const act = actAt(at);
    if (act?.kind !== 'delete image') return [];
    if (act.digest === turns.value) return [[at]];
    return puts.filter(({ value }) => value === act.digest).map(({ using }) => [...using, at]);
  });
  return [...untagging.map((at) => [at]), ...deleting].map((using) => ({ value: undefined, using }));
}

/** Those whose image was put by a request without an answer. */
function putsAmong({ open, free }: Turns): Turn[] {
  return free.flatMap((at) => {
    const act = open[at]?.act;
    return act?.kind === 'put' ? [{ value: act.digest, using: [at] }] : [];
  });
}

function resultOf(act: Act, value: Value): Value {
  if (act.kind === 'put') return act.digest;
  if (act.kind === 'get') return value;
  if (act.kind === 'delete') return undefined;
  return act.digest === value ? undefined : value;
}

function countOf({ first, ahead }: Point): number {
  return first + ahead.length;
}

function complaint(point: Point, answered: readonly Operation[], open: readonly Operation[]): string {
  const { candidates } = candidatesAt(point, answered);
  const next = candidates.map((at) => describe(answered[at] as Operation));
  const before = answered.slice(Math.max(0, point.first - 5), point.first).map(describe);
  const unheard = open.filter((_, at) => !point.used.includes(at)).map(describe);
  return [
    `after ${countOf(point)} of ${answered.length} requests the tag leads to ${brief(point.value)}`,
    `of these none can be next: ${next.join('; ')}`,
    `the last were: ${before.join('; ')}`,
    `without an answer are: ${unheard.join('; ') || 'none'}`,
  ].join('\n  ');
}
