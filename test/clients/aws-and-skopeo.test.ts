import { delimiter } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { buildImage, buildIndex, layerOf } from '../support/images.ts';
import { type Client, findClient, type Outcome } from './support/client.ts';
import { writeOciLayout } from './support/oci-layout.ts';
import { type Setup, setUp } from './support/setup.ts';

const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '/usr/bin');
/** The aws command that is there may be another than Debian's; both are tried where both are. */
const CLIENTS = [
  { name: 'the aws command on the PATH', aws: await findClient('aws', onPath) },
  { name: "Debian's awscli", aws: await findClient('aws', ['/usr/bin']) },
];
const skopeo = await findClient('skopeo');

const image = buildImage('multi-layer', { layers: ['one', 'two', 'three'].map((content) => layerOf(content)) });
const index = buildIndex([buildImage('amd64'), buildImage('arm64')]);

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
  await writeOciLayout(`${setup.folder.path}/image`, image, 'v1');
  await writeOciLayout(`${setup.folder.path}/index`, index, 'v1');
});
afterAll(() => setup[Symbol.asyncDispose]());

describe.each(CLIENTS)('$name and skopeo', ({ name, aws }) => {
  const app = `app-${name.length}`;
  /** With `--endpoint-url` too: aws-cli 2 before 2.13 does not know the variable. */
  const ecr = (...args: string[]): Promise<Outcome> =>
    (aws as Client).run(['--endpoint-url', setup.berth.origin, 'ecr', ...args, '--output', 'json'], { env: setup.env });
  const copy = (...args: string[]): Promise<Outcome> =>
    (skopeo as Client).run(['copy', '--all', '--preserve-digests', ...args], { env: setup.env });

  /** The steps build on each other: one user's way from an empty registry to deleted images. */
  it('create a repository, log in, push, pull, describe and delete', { timeout: 120_000 }, async (context) => {
    if (!aws) return context.skip(`${name} is not installed`);
    if (!skopeo) return context.skip('skopeo is not installed');

    const created = succeed(await ecr('create-repository', '--repository-name', app));
    expect(created.repository.repositoryUri).toBe(`${setup.host}/${app}`);

    const password = await ecr('get-login-password');
    expect(password.code).toBe(0);
    const login = await skopeo.run(
      ['login', '--tls-verify=false', '--username', 'AWS', '--password-stdin', setup.host],
      { env: setup.env, input: password.stdout },
    );
    expect(login).toMatchObject({ code: 0 });

    const there = (tag: string) => `docker://${setup.host}/${app}:${tag}`;
    const folder = (part: string) => `oci:${setup.folder.path}/${part}`;
    expect(await copy('--dest-tls-verify=false', folder('image:v1'), there('v1'))).toMatchObject({ code: 0 });
    expect(await copy('--dest-tls-verify=false', folder('index:v1'), there('multi-arch'))).toMatchObject({ code: 0 });
    expect(await copy('--src-tls-verify=false', there('v1'), folder(`${app}-out:v1`))).toMatchObject({ code: 0 });
    expect(await copy('--src-tls-verify=false', there('multi-arch'), folder(`${app}-out:index`))).toMatchObject({
      code: 0,
    });
    expect(await manifestDigest(`${app}-out:v1`)).toBe(image.digest);
    expect(await manifestDigest(`${app}-out:index`)).toBe(index.digest);

    const { imageDetails } = succeed(await ecr('describe-images', '--repository-name', app));
    expect(imageDetails.map((detail: { imageDigest: string }) => detail.imageDigest).sort()).toEqual(
      [image, index, ...index.children].map(({ digest }) => digest).sort(),
    );

    const [child] = index.children;
    const first = succeed(
      await ecr(
        'batch-delete-image',
        '--repository-name',
        app,
        '--image-ids',
        'imageTag=v1',
        `imageDigest=${child?.digest}`,
        'imageTag=absent',
      ),
    );
    expect(first).toEqual({
      imageIds: [{ imageDigest: image.digest, imageTag: 'v1' }],
      failures: [
        {
          imageId: { imageDigest: child?.digest },
          failureCode: 'ImageReferencedByManifestList',
          failureReason: `Requested image referenced by manifest list: [${index.digest}]`,
        },
        { imageId: { imageTag: 'absent' }, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' },
      ],
    });
    const second = succeed(
      await ecr('batch-delete-image', '--repository-name', app, '--image-ids', `imageDigest=${index.digest}`),
    );
    expect(second).toEqual({ imageIds: [{ imageDigest: index.digest, imageTag: 'multi-arch' }], failures: [] });
    const gone = await skopeo.run(['inspect', '--tls-verify=false', there('v1')], { env: setup.env });
    expect(gone.code).not.toBe(0);
    expect(gone.stderr).toContain('Requested image not found');
  });

  async function manifestDigest(layout: string): Promise<string> {
    const outcome = await (skopeo as Client).run(['inspect', '--raw', `oci:${setup.folder.path}/${layout}`]);
    return digestOf(Buffer.from(outcome.stdout));
  }
});

function succeed(outcome: Outcome) {
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return JSON.parse(outcome.stdout);
}
