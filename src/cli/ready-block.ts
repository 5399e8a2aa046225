import { showBlobs, showDatabase, usesDataFolder } from '../config/places.ts';
import type { Settings } from '../config/settings.ts';
import type { RunningServer } from './running-server.ts';

/**
 * What `berth serve` prints once it answers: where everything is, and the lines that point AWS's tools at it.
 *
 * The keys are exported, and a session and a profile unset, for safety: a client too old to know `AWS_ENDPOINT_URL_ECR`
 * goes to Amazon, and there it must fail on its keys instead of deleting something.
 */
export function readyBlock(
  version: string,
  settings: Pick<Settings, 'dataDir' | 'database' | 'blobs' | 'account' | 'region' | 'profile'>,
  { origin }: RunningServer['address'],
): string {
  const { host } = new URL(origin);
  return `Berth ${version}

  Endpoint     ${origin}
${placesOf(settings)}  Account      ${settings.account}
  Region       ${settings.region}
  Profile      ${settings.profile}

Point the AWS tools and docker of a shell at it:

  export AWS_ENDPOINT_URL_ECR=${origin}
  export AWS_ACCESS_KEY_ID=test
  export AWS_SECRET_ACCESS_KEY=test
  export AWS_REGION=${settings.region}
  export AWS_DEFAULT_REGION=${settings.region}
  unset AWS_SESSION_TOKEN AWS_PROFILE
  aws ecr get-login-password | docker login --username AWS --password-stdin ${host}

Ready.
`;
}

/** A line for each place where something is kept. */
function placesOf({ dataDir, database, blobs }: Pick<Settings, 'dataDir' | 'database' | 'blobs'>): string {
  const folder = usesDataFolder({ database, blobs }) ? `  Data folder  ${dataDir}\n` : '';
  const server = database.kind === 'sqlite' ? '' : `  Database     ${showDatabase(database)}\n`;
  const bucket = blobs.kind === 'files' ? '' : `  Blobs        ${showBlobs(blobs)}\n`;
  return `${folder}${server}${bucket}`;
}
