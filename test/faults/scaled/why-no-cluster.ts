import { findPostgres } from '../../support/postgres/cluster.ts';
import { whyNoServer } from '../../support/s3/s3-process.ts';

/** Why processes cannot be run over PostgreSQL and S3 here; `undefined` when they can. */
export function whyNoCluster(): string | undefined {
  if (findPostgres() === undefined) return 'PostgreSQL’s server is not on this machine: Debian has it as postgresql';
  return whyNoServer('versitygw');
}
