import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Act, type Operation, SOMETHING, type Value } from './history.ts';
import { contradictionIn } from './linearizable.ts';

const NEVER = Number.POSITIVE_INFINITY;
const at = (began: number, ended: number, act: Act): Operation => ({ began, ended, act });
const put = (digest: string): Act => ({ kind: 'put', digest });
const saw = (value: Value): Act => ({ kind: 'get', saw: value });
const untag = (value: Value): Act => ({ kind: 'delete', saw: value });
const deleteImage = (digest: string, found = true): Act => ({ kind: 'delete image', digest, found });
/** One after the other. */
const sequence = (...acts: Act[]) => acts.map((act, number) => at(number * 10, number * 10 + 5, act));

const EXPLICABLE: Readonly<Record<string, readonly Operation[]>> = {
  'of nothing': [],
  'of a tag that is put, moved, deleted and put again': sequence(
    saw(undefined),
    put('a'),
    saw('a'),
    put('b'),
    saw('b'),
    untag('b'),
    saw(undefined),
    untag(undefined),
    put('c'),
    deleteImage('a'),
    saw('c'),
    deleteImage('c'),
    deleteImage('c', false),
    untag(undefined),
  ),
  'in which a request that overlaps a put sees it and one that ends later does not': [
    at(0, 100, put('a')),
    at(10, 20, saw(undefined)),
    at(30, 40, saw('a')),
  ],
  'in which two puts that overlap come in the other order': [
    at(0, 50, put('a')),
    at(1, 51, put('b')),
    at(60, 61, saw('a')),
  ],
  'in which a put without an answer is carried out much later': [
    ...sequence(put('a'), saw('a')),
    at(11, NEVER, put('late')),
    at(30, 31, saw('a')),
    at(40, 41, saw('late')),
  ],
  'in which a put without an answer is never carried out': [at(0, NEVER, put('lost')), at(30, 31, saw(undefined))],
  'in which one of two deletes without an answer is carried out': [
    ...sequence(put('a')),
    at(10, NEVER, untag(undefined)),
    at(11, NEVER, deleteImage('a')),
    at(20, 21, saw('a')),
    at(30, 31, saw(undefined)),
    at(40, 41, put('b')),
    at(50, 51, saw('b')),
    at(60, 61, saw(undefined)),
  ],
  'in which an image that nobody saw took the tag, and was deleted': [
    at(0, 5, put('a')),
    at(6, NEVER, put('b')),
    at(10, 15, deleteImage('b')),
    at(20, 25, saw(undefined)),
  ],
  'in which what a tag led to that was deleted is not told': [
    at(0, NEVER, put('a')),
    at(10, 15, { kind: 'delete', saw: SOMETHING }),
    at(20, 25, saw(undefined)),
  ],
};

const INEXPLICABLE: Readonly<Record<string, readonly Operation[]>> = {
  'a stale read': sequence(put('a'), put('b'), saw('a')),
  'a lost put': sequence(put('a'), saw(undefined)),
  'a lost delete': sequence(put('a'), untag('a'), saw('a')),
  'a delete that deleted what another had deleted': sequence(put('a'), untag('a'), untag('a')),
  'a tag that is there again': [...sequence(put('a'), untag('a'), saw(undefined)), at(40, 41, saw('a'))],
  'a tag that outlives its image': sequence(put('a'), deleteImage('a'), saw('a')),
  'an image that is not there though its tag is': [...sequence(put('a')), at(20, 21, deleteImage('a', false))],
  'two reads that see two puts in different orders': [
    at(0, 50, put('a')),
    at(0, 50, put('b')),
    at(60, 61, saw('a')),
    at(62, 63, saw('b')),
  ],
  'a read before a put that was not yet sent': [at(0, 5, saw('a')), at(10, NEVER, put('a'))],
  'a put without an answer that is carried out twice': [
    at(0, NEVER, put('a')),
    at(10, 11, saw('a')),
    at(20, 21, put('b')),
    at(30, 31, saw('b')),
    at(40, 41, saw('a')),
  ],
  'a delete without an answer that is carried out twice': [
    at(0, 5, put('a')),
    at(6, NEVER, untag(undefined)),
    at(10, 11, saw(undefined)),
    at(20, 21, put('b')),
    at(30, 31, saw(undefined)),
  ],
  'something deleted where nothing was': sequence({ kind: 'delete', saw: SOMETHING }),
};

describe('A history is explained', () => {
  test.each(Object.entries(EXPLICABLE))('%s', (_, history) => {
    expect(contradictionIn(history)).toBeUndefined();
  });

  test('from what the tag led to at first', () => {
    expect(contradictionIn(sequence(saw('a')), 'a')).toBeUndefined();
    expect(contradictionIn(sequence(saw('a')))).toContain('after 0 of 1');
  });

  test('of thousands of requests of eight clients, many without an answer', () => {
    const history = makeHistory(linearCongruence(7), { count: 2000, clients: 8, values: 100_000, unheard: 0.1 });
    expect(contradictionIn(history)).toBeUndefined();
  });

  test('in which a hundred images are deleted at once, while others go on', () => {
    const batch = Array.from({ length: 100 }, (_, number) => at(11, 90, deleteImage(`old-${number}`)));
    const around = [at(10, 50, put('a')), at(12, 40, saw('a')), at(45, 70, put('b')), at(60, 80, saw('b'))];
    expect(contradictionIn([...batch, ...around, at(95, 96, saw('b'))])).toBeUndefined();
    expect(contradictionIn([...batch, ...around, at(95, 96, saw('a'))])).toContain('none can be next');
  });
});

describe('No order explains', () => {
  test.each(Object.entries(INEXPLICABLE))('%s', (_, history) => {
    expect(contradictionIn(history)).toContain('none can be next');
  });
});

const number = fc.nat(1_000_000).map((seed) => linearCongruence(seed));

describe('Any history', () => {
  test('that was made by carrying out one request after the other is explained', () => {
    fc.assert(
      fc.property(number, fc.integer({ min: 1, max: 6 }), (random, clients) => {
        const history = makeHistory(random, { count: 60, clients, values: 4, unheard: 0.2 });
        expect(contradictionIn(history)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test('is judged as by trying all orders', () => {
    let contradictions = 0;
    fc.assert(
      fc.property(number, (random) => {
        const history = disturb(makeHistory(random, { count: 6, clients: 4, values: 3, unheard: 0.3 }), random);
        const isExplained = someOrderExplains(history, undefined);
        if (!isExplained) contradictions += 1;
        expect(contradictionIn(history) === undefined).toBe(isExplained);
      }),
      { numRuns: 2000 },
    );
    expect(contradictions).toBeGreaterThan(300);
  });

  const DISTURBED = ['a stale read', 'a lost delete', 'a tag that is there again'] as const;
  test.each(DISTURBED)('of requests that do not overlap is not explained with %s', (what) => {
    fc.assert(
      fc.property(number, (random) => {
        const history = makeHistory(random, { count: 40, clients: 1, values: 100_000, unheard: 0 });
        const disturbed = plant(what, history);
        if (disturbed) expect(contradictionIn(disturbed)).toBeDefined();
      }),
      { numRuns: 200 },
    );
  });
});

/** Adds a read after some request, of what no longer is there. */
function plant(what: 'a stale read' | 'a lost delete' | 'a tag that is there again', history: readonly Operation[]) {
  const puts = history.flatMap(({ act }, index) => (act.kind === 'put' ? [{ index, digest: act.digest }] : []));
  const later = (from: number, kind: Act['kind']) =>
    history.findIndex(({ act }, index) => index > from && act.kind === kind && !('found' in act && !act.found));
  for (const { index, digest } of puts) {
    const over = later(index, what === 'a stale read' ? 'put' : 'delete');
    const place = what === 'a tag that is there again' ? later(over, 'get') : over;
    const ended = history[place]?.ended;
    if (over < 0 || place < 0 || ended === undefined) continue;
    return [...history, at(ended + 0.01, ended + 0.02, saw(digest))];
  }
  return undefined;
}

interface Shape {
  readonly count: number;
  readonly clients: number;
  readonly values: number;
  /** The share of requests without an answer. */
  readonly unheard: number;
}

/** A history that one order explains: each request is carried out at a moment of its own, in which it sees what there is. */
function makeHistory(random: () => number, { count, clients, values, unheard }: Shape): Operation[] {
  const free = Array.from({ length: clients }, () => 0);
  const drafts = Array.from({ length: count }, (_, index) => {
    const client = Math.floor(random() * clients);
    const began = (free[client] ?? 0) + 0.1 + random();
    const length = 1 + random() * 5;
    free[client] = began + length;
    const isUnheard = random() < unheard;
    const moment = isUnheard ? began + random() * 30 : began + random() * length;
    const carriedOut = !isUnheard || random() < 0.5;
    const value = String(values > 100 ? index : Math.floor(random() * values));
    return { began, ended: isUnheard ? NEVER : began + length, moment, carriedOut, way: random(), value };
  });
  let now: Value;
  return drafts
    .sort((a, b) => a.moment - b.moment)
    .map(({ began, ended, carriedOut, way, value }) => {
      const was = now;
      const isLate = ended === NEVER;
      if (way < 0.35) {
        if (carriedOut) now = value;
        return at(began, ended, put(value));
      }
      if (way < 0.7 && !isLate) return at(began, ended, saw(was));
      if (way < 0.85) {
        if (carriedOut) now = undefined;
        const unsaid = was !== undefined && way < 0.75;
        return at(began, ended, unsaid ? { kind: 'delete', saw: SOMETHING } : untag(was));
      }
      const doomed = way < 0.95 && was !== undefined ? was : value;
      if (carriedOut && doomed === was) now = undefined;
      return at(began, ended, deleteImage(doomed, doomed === was));
    });
}

/** Changes some answers, which may or may not make it inexplicable. */
function disturb(history: readonly Operation[], random: () => number): Operation[] {
  return history.map((operation) => {
    if (random() < 0.75) return operation;
    const value = random() < 0.3 ? undefined : String(Math.floor(random() * 3));
    const { act } = operation;
    if (act.kind === 'get') return { ...operation, act: saw(value) };
    if (act.kind === 'delete') return { ...operation, act: untag(value) };
    if (act.kind === 'delete image') return { ...operation, act: { ...act, found: !act.found } };
    return { ...operation, act: put(value ?? '0') };
  });
}

/** The definition, word for word: some order of some of the requests. */
function someOrderExplains(rest: readonly Operation[], value: Value): boolean {
  if (rest.every(({ ended }) => ended === NEVER)) return true;
  const until = Math.min(...rest.map(({ ended }) => ended));
  return rest.some((operation) => {
    if (operation.began > until) return false;
    const { act, ended } = operation;
    const others = rest.filter((other) => other !== operation);
    const isTrue =
      ended === NEVER ||
      act.kind === 'put' ||
      (act.kind === 'delete image' && (act.found || act.digest !== value)) ||
      ('saw' in act && (act.saw === SOMETHING ? value !== undefined : act.saw === value));
    if (!isTrue) return false;
    if (act.kind === 'put') return someOrderExplains(others, act.digest);
    if (act.kind === 'get') return someOrderExplains(others, value);
    if (act.kind === 'delete') return someOrderExplains(others, undefined);
    return someOrderExplains(others, act.digest === value ? undefined : value);
  });
}

function linearCongruence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
