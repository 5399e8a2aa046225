/** How a step touches a thing. Additions commute with each other: a counter that is moved by an amount. */
export type Touch = 'read' | 'add' | 'write';

/** What one step touched: tables, bytes by their keys (`bytes/KEY`, all of them as `bytes/*`), the clock. */
export type Footprint = Map<string, Touch>;

/** Says which tables a statement reads and writes, with what foreign keys add to that. */
export interface SqlFootprints {
  of(sql: string): Promise<ReadonlyMap<string, Touch>>;
}

const STRENGTH: Readonly<Record<Touch, number>> = { read: 0, add: 1, write: 2 };

export function touch(footprint: Footprint, thing: string, how: Touch): void {
  const before = footprint.get(thing);
  if (before === undefined) footprint.set(thing, how);
  else if (before !== how)
    footprint.set(thing, STRENGTH[how] + STRENGTH[before] === 1 ? 'write' : strongest(before, how));
}

/** Whether it may make a difference which of the two comes first. */
export function depend(a: Footprint, b: Footprint): boolean {
  for (const [thing, how] of a) {
    const other = b.get(thing) ?? (thing.startsWith('bytes/') ? b.get('bytes/*') : undefined);
    if (other !== undefined && conflict(how, other)) return true;
    if (thing === 'bytes/*') {
      for (const [key, whatever] of b) if (key.startsWith('bytes/') && conflict(how, whatever)) return true;
    }
  }
  return false;
}

function conflict(a: Touch, b: Touch): boolean {
  return a !== b || a === 'write';
}

function strongest(a: Touch, b: Touch): Touch {
  return STRENGTH[a] > STRENGTH[b] ? a : b;
}
