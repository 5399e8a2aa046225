/** What one check came to. `state` and `check` are for programs, the rest for people. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'problem' | 'skipped';
  readonly says: string;
  /** A line for the shell, or what to do in so many words. */
  readonly mend?: string;
}

export function fine(check: string, says: string): Finding {
  return { check, state: 'ok', says };
}

export function problem(check: string, says: string, mend: string): Finding {
  return { check, state: 'problem', says, mend };
}

/** There is nothing to check: the tool is not here, or what the check builds upon has failed. */
export function skipped(check: string, says: string): Finding {
  return { check, state: 'skipped', says };
}
