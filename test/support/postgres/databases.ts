import pg from 'pg';
import { migratePostgres } from '../../../src/metadata/postgres/migrate.ts';
import { PostgresMetadata, type PostgresOptions } from '../../../src/metadata/postgres/postgres-metadata.ts';
import { findPostgres, type PostgresCluster, startPostgres } from './cluster.ts';

/** Why a test that needs PostgreSQL is skipped; nothing where it is not. */
export const NO_POSTGRES: string | undefined =
  findPostgres() === undefined ? 'PostgreSQL’s server is not on this machine: Debian has it as postgresql' : undefined;

/** Databases with Berth's tables, one for each that asks, on a server that the first of them starts. */
export class Databases implements AsyncDisposable {
  #cluster: Promise<PostgresCluster> | undefined;
  #template: Promise<string> | undefined;
  #made = 0;

  cluster(): Promise<PostgresCluster> {
    this.#cluster ??= startPostgres();
    return this.#cluster;
  }

  /** The address of a new one, empty but for the tables. */
  async fresh(): Promise<string> {
    const cluster = await this.cluster();
    this.#template ??= migrated(cluster);
    const template = await this.#template;
    const name = `fresh_${process.pid}_${++this.#made}`;
    await inDatabase(cluster.url(), (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
    return cluster.url(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#cluster)?.[Symbol.asyncDispose]();
  }
}

async function migrated(cluster: PostgresCluster): Promise<string> {
  const url = await cluster.freshDatabase();
  await migratePostgres(url);
  return new URL(url).pathname.slice(1);
}

/** Opens the metadata as a server does, with fewer connections. */
export function openPostgres(url: string, options: Partial<PostgresOptions> = {}): Promise<PostgresMetadata> {
  return PostgresMetadata.open({ url, pool: 8, statementTimeout: 30_000, connectTimeout: 10_000, ...options });
}

/** Runs `work` on a connection of its own, for a look at rows that no port shows. What breaks it is heard of by who asks. */
export async function inDatabase<T>(
  database: string | pg.ClientConfig,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(database);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
