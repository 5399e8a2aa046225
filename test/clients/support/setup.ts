import { mkdir } from 'node:fs/promises';
import { ECR } from '@aws-sdk/client-ecr';
import { type BerthProcess, startBerth } from '../../support/berth-process.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';
import { accessLog, type Served } from './access-log.ts';

/** A server of its own, as `npm start` runs it, a folder for what a client needs, and a look at both sides. */
export interface Setup extends AsyncDisposable {
  readonly berth: BerthProcess;
  readonly folder: TempFolder;
  /** `localhost:<port>`, as registry clients name it. */
  readonly host: string;
  /** What `aws ecr get-login-password` prints. */
  readonly password: string;
  /** What points clients at the server, and away from the settings of this machine. */
  readonly env: Readonly<Record<string, string>>;
  /** The server as ECR's own client sees it. */
  readonly ecr: ECR;
  /** What the server answered while the work was done, in the order of the answers. */
  servedDuring(work: () => Promise<unknown>): Promise<readonly Served[]>;
}

export async function setUp(): Promise<Setup> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const log = accessLog();
  const flags = ['--data-dir', `${folder.path}/data`, '--log-level', 'info', '--log-format', 'json'];
  const berth = stack.use(await startBerth(flags, { onSaid: log.hear }));
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const ecr = new ECR({ endpoint: berth.origin, region: 'us-east-1', credentials });
  stack.defer(() => ecr.destroy());
  const { authorizationData: [data] = [] } = await ecr.getAuthorizationToken({});
  const [, password = ''] = Buffer.from(data?.authorizationToken ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const [home, runtime] = [`${folder.path}/home`, `${folder.path}/run`];
  for (const own of [home, runtime]) await mkdir(own, { mode: 0o700 });
  const owned = stack.move();
  return {
    berth,
    folder,
    host: new URL(berth.origin).host,
    password,
    ecr,
    env: {
      HOME: home,
      XDG_RUNTIME_DIR: runtime,
      AWS_ENDPOINT_URL_ECR: berth.origin,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_PAGER: '',
    },
    servedDuring: (work) => log.during(berth.origin, work),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
