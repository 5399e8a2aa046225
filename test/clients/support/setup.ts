import { type BerthProcess, startBerth } from '../../support/berth-process.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';

/** A server of its own, as `npm start` runs it, and a folder for what a client needs. */
export interface Setup extends AsyncDisposable {
  readonly berth: BerthProcess;
  readonly folder: TempFolder;
  /** `localhost:<port>`, as registry clients name it. */
  readonly host: string;
  /** What points the AWS tools at the server. */
  readonly env: Readonly<Record<string, string>>;
}

export async function setUp(): Promise<Setup> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const berth = stack.use(await startBerth(['--data-dir', `${folder.path}/data`]));
  const owned = stack.move();
  return {
    berth,
    folder,
    host: new URL(berth.origin).host,
    env: {
      AWS_ENDPOINT_URL_ECR: berth.origin,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_PAGER: '',
      REGISTRY_AUTH_FILE: `${folder.path}/auth.json`,
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
