import { createHash } from 'node:crypto';
import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openFileSystemStores } from '../../../src/blobs/file-system/open-stores.ts';
import { blobPath } from '../blob-path.ts';
import { openStores, type Stores, type StoresOptions } from '../stores.ts';
import { memoryFolder, type TempFolder } from '../temp-folder.ts';
import { SqlFootprints } from './sql-footprint.ts';
import { stableIds } from './stable-ids.ts';
import { stepwise } from './stepwise-ports.ts';
import { type Conduct, type Party, Turns } from './turns.ts';

export interface LabOptions extends Omit<StoresOptions, 'folder' | 'onQuery'> {
  /** Bytes of live images are missing from the beginning. */
  readonly damaged?: boolean;
  /** The parties share nothing but the stores, as if each were a process of its own. */
  readonly apart?: boolean;
}

/**
 * Real stores that are put back to where they were prepared as often as one likes, much faster than they are made. Only what
 * is on the disk is put back: the stores themselves are new each time, but for the connections to the database.
 */
export class Lab implements AsyncDisposable {
  readonly #folder: TempFolder;
  readonly #stores: Stores;
  readonly #database: DatabaseSync;
  readonly #sql: SqlFootprints;
  readonly #reset: string;
  readonly #rows: readonly string[];
  readonly #files: ReadonlyMap<string, Buffer>;
  readonly #hour: number;
  readonly #traits: { readonly damaged: boolean; readonly apart: boolean };
  readonly #ear: Ear;

  static async prepare(
    { damaged = false, apart = false, ...options }: LabOptions,
    prepare: (stores: Stores) => Promise<void>,
  ): Promise<Lab> {
    const folder = await memoryFolder();
    const ear: Ear = { turns: undefined, sql: undefined };
    const stores = await openStores({ ...options, folder: folder.path, onQuery: (sql) => listen(ear, sql) });
    await prepare({ ...stores, ports: { ...stores.ports, ids: stableIds(() => 9) } });
    return new Lab(folder, stores, ear, { damaged, apart });
  }

  private constructor(
    folder: TempFolder,
    stores: Stores,
    ear: Ear,
    traits: { readonly damaged: boolean; readonly apart: boolean },
  ) {
    this.#traits = traits;
    this.#folder = folder;
    this.#stores = stores;
    this.#ear = ear;
    this.#hour = stores.clock.now();
    this.#files = contentOf(stores.bytesFolder);
    this.#database = new DatabaseSync(stores.databasePath);
    const pristine = join(folder.path, 'pristine.db');
    this.#database.exec(`VACUUM INTO '${pristine}'; ATTACH '${pristine}' AS pristine; PRAGMA foreign_keys = 0`);
    const tables = this.#database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%'")
      .all()
      .map((row) => String(row['name']));
    const columns = (table: string) =>
      this.#database
        .prepare(`PRAGMA table_info(${table})`)
        .all()
        .map((row) => `"${row['name']}"`)
        .join(', ');
    this.#reset = [
      'BEGIN IMMEDIATE',
      ...tables.flatMap((table) => [
        `DELETE FROM main.${table}`,
        `INSERT INTO main.${table} (${columns(table)}) SELECT ${columns(table)} FROM pristine.${table}`,
      ]),
      'COMMIT',
    ].join(';');
    this.#rows = tables.map((table) => `SELECT * FROM main.${table} ORDER BY 1, 2`);
    this.#sql = new SqlFootprints(stores.databasePath);
    ear.sql = this.#sql;
  }

  /** Puts everything back to where it was prepared. */
  async #restore(): Promise<Stores> {
    this.#database.exec(this.#reset);
    const { bytesFolder, clock } = this.#stores;
    for (const name of filesIn(bytesFolder)) if (!this.#files.has(name)) rmSync(join(bytesFolder, name));
    for (const [name, bytes] of this.#files) {
      const path = join(bytesFolder, name);
      mkdirSync(dirname(path), { recursive: true });
      if (statSync(path, { throwIfNoEntry: false })?.size !== bytes.byteLength) writeFileSync(path, bytes);
    }
    clock.setTo(this.#hour);
    const { blobs, uploads } = await openFileSystemStores(bytesFolder);
    return { ...this.#stores, ports: { ...this.#stores.ports, blobs, uploads } };
  }

  /** Runs the parties from where the stores were prepared; nothing when `conduct` lost interest. */
  async run(
    parties: (clock: PartyClock) => readonly Party[],
    conduct: Conduct,
  ): Promise<{ readonly stores: Stores; readonly outcomes: readonly unknown[] } | undefined> {
    const stores = await this.#restore();
    const turns = new Turns();
    this.#ear.turns = turns;
    try {
      const clock: PartyClock = {
        advance: (milliseconds) => {
          turns.touch('clock', 'write');
          stores.clock.advance(milliseconds);
        },
      };
      const ids = stableIds(() => turns.party ?? 8);
      const shared = stepwise(stores.ports, turns, ids);
      const portsOf = () => (this.#traits.apart ? stepwise(stores.ports, turns, ids) : shared);
      const outcomes = await turns.run(parties(clock), portsOf, {
        choose: conduct.choose,
        onStep: (step) => {
          if (!this.#traits.damaged) this.#checkLiveBytes(step.label);
          conduct.onStep?.(step);
        },
      });
      return outcomes && { stores, outcomes };
    } finally {
      this.#ear.turns = undefined;
    }
  }

  /** Everything there is: the same digest for the same state. */
  state(): string {
    const rows = this.#rows.map((query) => this.#database.prepare(query).all());
    const { bytesFolder, clock } = this.#stores;
    const files = filesIn(bytesFolder).map((name) => [name, lstatSync(join(bytesFolder, name)).size]);
    const text = JSON.stringify([rows, files, clock.now()], (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    );
    return createHash('sha256').update(text).digest('base64url');
  }

  /** Copies what is on the disk as it is, as a killed process would leave it. No transaction may be under way. */
  copyTo(folder: string): void {
    const { databasePath, bytesFolder } = this.#stores;
    mkdirSync(folder, { recursive: true });
    for (const suffix of ['', '-wal']) cpSync(databasePath + suffix, join(folder, basename(databasePath) + suffix));
    cpSync(bytesFolder, join(folder, basename(bytesFolder)), { recursive: true });
  }

  /** At no moment is there a live image whose bytes are not. */
  #checkLiveBytes(after: string): void {
    const named = this.#database
      .prepare(
        `SELECT DISTINCT blob.storage_key, blob.size FROM image JOIN manifest_blob AS named ON named.manifest_id = image.manifest_id
          LEFT JOIN blob ON blob.id = named.blob_id`,
      )
      .all();
    for (const { storage_key: key, size } of named) {
      const file = statSync(blobPath(this.#stores.bytesFolder, String(key)), { throwIfNoEntry: false });
      if (file?.size !== size) throw new Error(`After '${after}' a live image names ${key}, whose bytes are not there`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sql[Symbol.dispose]();
    this.#database.close();
    await this.#stores[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** The clock, for a party that turns it. */
export type PartyClock = Pick<Stores['clock'], 'advance'>;

/** Hears the statements of whoever runs. */
interface Ear {
  turns: Turns | undefined;
  sql: SqlFootprints | undefined;
}

function listen({ turns, sql }: Ear, text: string): void {
  if (!turns || !sql) return;
  for (const [table, how] of sql.of(text)) turns.touch(table, how);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function contentOf(folder: string): Map<string, Buffer> {
  return new Map(filesIn(folder).map((name) => [name, readFileSync(join(folder, name))]));
}
