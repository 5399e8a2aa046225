import { findPostgres } from '../../support/postgres/cluster.ts';
import { findVersitygw } from './s3-server.ts';

/** Why processes cannot be run over PostgreSQL and S3 here; `undefined` when they can. */
export function whyNoCluster(): string | undefined {
  if (findPostgres() === undefined) return 'PostgreSQL’s server is not on this machine: Debian has it as postgresql';
  if (findVersitygw() === undefined) return 'versitygw is not on this machine';
  return undefined;
}
