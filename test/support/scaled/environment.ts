/** What `vitest.scaled.config.ts` starts for all its tests, as its workers hear of it. */
export interface Scaled {
  /** The address of a database of the PostgreSQL server, from which others are made. */
  readonly postgres: string;
  /** The name of a database that has all the tables and nothing in them. */
  readonly template: string;
  readonly s3: {
    readonly endpoint: string;
    readonly bucket: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
}

const VARIABLE = 'BERTH_TEST_SCALED';

/** Undefined where stores are embedded: SQLite and files. */
export const SCALED: Scaled | undefined = parse(process.env[VARIABLE]);

/** How many random samples to take where `runs` are right for embedded stores: each takes several times as long. */
export function samples(runs: number): number {
  return SCALED ? Math.ceil(runs / 5) : runs;
}

export function announce(scaled: Scaled): void {
  process.env[VARIABLE] = JSON.stringify(scaled);
}

function parse(text: string | undefined): Scaled | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Scaled);
}
