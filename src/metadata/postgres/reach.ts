import pg from 'pg';
import { withoutPassword } from '../../model/shown-address.ts';
import { codeOf, kindOf } from './failure.ts';

/** In milliseconds: how long the first connection may take. */
const PATIENCE = 10_000;

/** No connection to the database could be made; the message says why, in words, without the password. */
export class DatabaseUnreachable extends Error {
  constructor(url: string, reason: string, cause: unknown) {
    super(`the database ${withoutPassword(url)} cannot be used: ${reason}`, { cause });
    this.name = 'DatabaseUnreachable';
  }
}

/** Connects once, without the limits of the pool, for the length of `work`. @throws DatabaseUnreachable */
export async function reach<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  let client: pg.Client;
  try {
    client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: PATIENCE,
      application_name: 'berth',
      keepAlive: true,
    });
    // What breaks later is heard of by whoever is waiting for an answer.
    client.on('error', () => undefined);
    await client.connect();
  } catch (error) {
    throw new DatabaseUnreachable(url, reasonOf(error), error);
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case '28P01':
    case '28000':
      return 'it does not let this user in: check user and password, and the server’s pg_hba.conf';
    case '3D000':
      return 'there is no database of this name on the server: create it with createdb';
    case '53300':
      return 'the server has no connection left: raise its max_connections, or lower --database-pool';
    case '57P03':
      return 'the server is starting up or shutting down';
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name of the host is not known';
    default:
      return kindOf(error) === 'lost' ? `it does not answer (${messageOf(error)})` : messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : (codeOf(error) ?? 'an unknown error');
}
