import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { systemSources } from '../../../src/config/system-sources.ts';
import { start } from '../../../src/main.ts';
import type { Clock } from '../../../src/model/clock.ts';
import { settingsOf } from '../../ecr/support/ecr-server.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';
import { run } from '../fake-terminal.ts';
import { type Home, homeOf } from './home.ts';

export interface Diagnosis {
  readonly code: number;
  readonly checks: readonly Finding[];
  readonly problems: number;
}

/** A machine and a server between which all is well, for tests to break one thing of. The server has the real time. */
export function patientOfThisFile() {
  let folder: TempFolder;
  let running: Awaited<ReturnType<typeof start>>;
  const well = { home: undefined as unknown as Home, endpoint: '', host: '', port: '' };
  beforeAll(async () => {
    folder = await tempFolder();
    running = await start(settingsOf(folder.path));
    well.port = String(running.address.port);
    well.endpoint = `http://localhost:${well.port}`;
    well.host = `localhost:${well.port}`;
  });
  afterAll(async () => {
    await running.close();
    await folder[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    well.home = await homeOf();
    await makeWell();
    return () => well.home[Symbol.asyncDispose]();
  });

  async function makeWell(): Promise<void> {
    const { home, host } = well;
    await home.program('aws', "echo 'aws-cli/2.15.0 Python/3.11'");
    await home.program('docker', `echo '{"ServerVersion":"28.2.2","OperatingSystem":"Debian GNU/Linux 12"}'`);
    await home.program('skopeo', 'exit 1');
    await home.write(home.dockerConfig, JSON.stringify({ auths: { [host]: { auth: passwordUntil('2099-01-01') } } }));
    const conf = `[[registry]]\nlocation = "${host}"\ninsecure = true\n`;
    await home.write('.config/containers/registries.conf.d/berth.conf', conf);
  }

  const around = (env: Readonly<Record<string, string>> = {}) => ({
    env: { ...well.home.env, BERTH_ENDPOINT: well.endpoint, AWS_ENDPOINT_URL_ECR: well.endpoint, ...env },
    readFile: systemSources().readFile,
  });

  return {
    well,
    around,
    async diagnose(
      env: Readonly<Record<string, string>> = {},
      flags: readonly string[] = [],
      clock?: Clock,
    ): Promise<Diagnosis> {
      const { code, out } = await run(['doctor', '--json', ...flags], { ...around(env), ...(clock && { clock }) });
      return { code, ...(JSON.parse(out) as Omit<Diagnosis, 'code'>) };
    },
  };
}

/** What docker's file keeps of a `docker login` with a password that ends then. */
export function passwordUntil(date: string): string {
  const token = Buffer.from(JSON.stringify({ expiration: Date.parse(date) / 1000 })).toString('base64');
  return Buffer.from(`AWS:${token}`).toString('base64');
}
