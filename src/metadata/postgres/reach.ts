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
    throw new DatabaseUnreachable(url, reasonOf(error, url), error);
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const NOT_LET_IN = 'it does not let this user in: check user and password, and the server’s pg_hba.conf';
/** As pg says it, which gives no code. */
const NO_TLS = 'The server does not support SSL connections';
/** What Node calls a certificate that nobody whom it knows vouches for. */
const UNTRUSTED = /^(?:UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|SELF_SIGNED|DEPTH_ZERO_SELF_SIGNED)/;

function reasonOf(error: unknown, url: string): string {
  const code = codeOf(error) ?? '';
  if (UNTRUSTED.test(code)) {
    return `no authority that is known here vouches for its certificate: name that of the server with sslrootcert=/path/to/ca.pem in the address (${code})`;
  }
  if (messageOf(error) === NO_TLS) {
    return 'it does not speak TLS: switch that on at the server, or leave sslmode out of the address, and nothing is encrypted';
  }
  switch (code) {
    case '28P01':
      return NOT_LET_IN;
    case '28000':
      return asksForTls(url)
        ? NOT_LET_IN
        : `${NOT_LET_IN}; if it insists on TLS, add sslmode=verify-full to the address`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for another name: ${messageOf(error)}`;
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired';
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

function asksForTls(url: string): boolean {
  const mode = URL.canParse(url) ? new URL(url).searchParams.get('sslmode') : null;
  return mode !== null && mode !== 'disable';
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : (codeOf(error) ?? 'an unknown error');
}
