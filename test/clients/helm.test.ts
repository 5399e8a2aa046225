import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { describeClient } from './support/describe-client.ts';
import type { Stage } from './support/stage.ts';

describeClient('helm', {
  login: async ({ run, attempt, host, password }) => {
    const login = ['registry', 'login', '--plain-http', '--username', 'AWS', '--password-stdin', host];
    expect((await attempt(login, { input: 'not the password' })).code).not.toBe(0);
    await run(login, { input: password });
  },

  push: async ({ run, path, host, ecr, ...stage }) => {
    const chart = await packageChart({ run, path, host, ecr, ...stage }, 'pushed', '0.1.0');
    await run(['push', '--plain-http', chart, `oci://${host}/charts`]);
    const { images: [image] = [] } = await ecr.batchGetImage({
      repositoryName: 'charts/pushed',
      imageIds: [{ imageTag: '0.1.0' }],
    });
    const { config, layers } = JSON.parse(image?.imageManifest ?? '');
    expect(config.mediaType).toBe('application/vnd.cncf.helm.config.v1+json');
    expect(layers).toEqual([expect.objectContaining({ digest: digestOf(await readFile(chart)) })]);
    const { imageDetails } = await ecr.describeImages({ repositoryName: 'charts/pushed' });
    expect(imageDetails).toEqual([expect.objectContaining({ artifactMediaType: config.mediaType })]);
  },

  /** It lists tags to find the newest version in a range. */
  list: async (stage) => {
    const { run, host } = stage;
    for (const version of ['1.2.0', '1.10.0', '2.0.0']) {
      const chart = await packageChart(stage, 'listed', version);
      await run(['push', '--plain-http', chart, `oci://${host}/charts`], { shown: '' });
    }
    const range = ['--version', '^1.0.0', `oci://${host}/charts/listed`];
    expect(await run(['show', 'chart', '--plain-http', ...range])).toContain('version: 1.10.0\n');
  },

  pull: async (stage) => {
    const { run, path, host } = stage;
    const chart = await packageChart(stage, 'pulled', '0.1.0');
    await run(['push', '--plain-http', chart, `oci://${host}/charts`], { shown: '' });
    await mkdir(path('charts'));
    const from = ['--version', '0.1.0', `oci://${host}/charts/pulled`];
    await run(['pull', '--plain-http', '--destination', path('charts'), ...from]);
    expect(await readFile(path('charts/pulled-0.1.0.tgz'))).toEqual(await readFile(chart));
  },

  mount: { lacks: 'it has no command for that.' },
  referrers: { lacks: 'it has no command for that.' },
  deleteTag: { lacks: 'it has no command for that.' },
  deleteImage: { lacks: 'it has no command for that.' },
});

/** The archive of a chart with nothing in it. */
async function packageChart({ run, path }: Stage, name: string, version: string): Promise<string> {
  await mkdir(path(name), { recursive: true });
  await writeFile(path(`${name}/Chart.yaml`), `apiVersion: v2\nname: ${name}\nversion: ${version}\n`);
  await run(['package', '--destination', path('packages'), path(name)], { shown: '' });
  return path(`packages/${name}-${version}.tgz`);
}
