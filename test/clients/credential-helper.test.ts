import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Home, homeOf } from '../cli/support/home.ts';
import { type BerthProcess, startBerth } from '../support/berth-process.ts';
import { buildImage, layerOf } from '../support/images.ts';
import { type Client, findClient, type Outcome } from './support/client.ts';
import { writeOciLayout } from './support/oci-layout.ts';

const skopeo = await findClient('skopeo');
const docker = await findClient('docker');
const PROGRAM = fileURLToPath(new URL('../../bin/berth.js', import.meta.url));

const image = buildImage('helped', { layers: [layerOf('one')] });

let home: Home;
let berth: BerthProcess;
let host: string;
let env: Record<string, string>;
beforeAll(async () => {
  home = await homeOf();
  await home.installHelper();
  await writeOciLayout(join(home.path, 'image'), image, 'v1');
  berth = await startBerth(['--data-dir', join(home.path, 'data')]);
  host = new URL(berth.origin).host;
  env = { HOME: home.path, PATH: [home.bin, process.env['PATH'] ?? ''].join(delimiter), DOCKER_CONFIG: '' };
});
afterAll(async () => {
  await berth[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const copy = (client: Client, ...args: string[]) => client.run(['copy', '--preserve-digests', ...args], { env });
const pushTo = (client: Client, name: string) =>
  copy(client, '--dest-tls-verify=false', `oci:${join(home.path, 'image')}:v1`, `docker://${host}/${name}:v1`);
const pullFrom = (client: Client, name: string) =>
  copy(client, '--src-tls-verify=false', `docker://${host}/${name}:v1`, `oci:${join(home.path, name)}:v1`);

const fine = (outcome: Outcome) => expect(outcome, outcome.stderr || outcome.stdout).toMatchObject({ code: 0 });

async function logIn(): Promise<void> {
  const node = await findClient(process.execPath, ['/']);
  fine(await (node as Client).run([PROGRAM, 'login', host], { env }));
}

describe('after berth login, without docker login and without keys in the environment', () => {
  it('skopeo pushes and pulls, through a server that has lost its data folder, too', async (context) => {
    if (!skopeo) return context.skip('skopeo is not installed');
    const before = await pushTo(skopeo, 'app');
    expect(before.code).not.toBe(0);
    expect(before.stderr).toMatch(/unauthorized|authentication required|no basic auth/i);

    await logIn();
    fine(await pushTo(skopeo, 'app'));
    fine(await pullFrom(skopeo, 'app'));

    const port = new URL(berth.origin).port;
    await berth.kill('SIGTERM');
    berth = await startBerth(['--data-dir', join(home.path, 'another'), '--port', port]);
    fine(await pushTo(skopeo, 'again'));
  });

  it("skopeo needs no flag any more after berth doctor's line", async (context) => {
    if (!skopeo) return context.skip('skopeo is not installed');
    await logIn();
    fine(await pushTo(skopeo, 'plain'));
    const plainly = () => skopeo.run(['inspect', `docker://${host}/plain:v1`], { env });
    expect((await plainly()).stderr).toContain('server gave HTTP response to HTTPS client');
    const node = (await findClient(process.execPath, ['/'])) as Client;
    const containers = async () => {
      const { stdout } = await node.run([PROGRAM, 'doctor', host, '--json'], { env });
      const { checks } = JSON.parse(stdout) as { checks: { check: string; state: string; mend?: string }[] };
      return checks.find(({ check }) => check === 'containers');
    };
    const found = await containers();
    expect(found).toMatchObject({ state: 'problem' });
    fine(await ((await findClient('sh', ['/bin'])) as Client).run(['-c', found?.mend ?? 'false'], { env }));
    fine(await plainly());
    expect(await containers()).toMatchObject({ state: 'ok' });
  });

  it('docker reads a manifest', async (context) => {
    if (!docker || !skopeo) return context.skip('docker or skopeo is not installed');
    await logIn();
    fine(await pushTo(skopeo, 'inspected'));
    const outcome = await docker.run(['manifest', 'inspect', '--insecure', `${host}/inspected:v1`], { env });
    fine(outcome);
    expect(JSON.parse(outcome.stdout)).toEqual(JSON.parse(Buffer.from(image.bytes).toString('utf8')));
  });

  it('docker login and logout work as ever', async (context) => {
    if (!docker) return context.skip('docker is not installed');
    await logIn();
    const helper = (await findClient('docker-credential-berth', [home.bin])) as Client;
    const got = await helper.run(['get'], { env, input: host });
    fine(got);
    const { Secret: secret } = JSON.parse(got.stdout) as { Secret: string };
    fine(await docker.run(['login', '--username', 'AWS', '--password-stdin', host], { env, input: secret }));
    expect(await home.read(home.dockerConfig)).not.toContain(secret);
    fine(await docker.run(['logout', host], { env }));
  });
});
