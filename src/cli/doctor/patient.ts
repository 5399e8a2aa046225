import type { ServerAccess } from '../../config/server-access.ts';
import type { Sources } from '../../config/sources.ts';
import type { Clock } from '../../model/clock.ts';
import type { RegistryAddress } from '../way/registry-address.ts';

/** The way that is looked at: from this machine, as this user, to that server. */
export interface Patient extends RegistryAddress {
  /** Its names, the usual one first. */
  readonly hosts: readonly string[];
  /** The keys and the region, or what is wrong with them. */
  readonly access: ServerAccess | readonly string[];
  readonly sources: Pick<Sources, 'env' | 'readFile'>;
  readonly clock: Clock;
}
