import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { arrivals } from './support/access-log.ts';
import { describeClient } from './support/describe-client.ts';
import { childrenOf, imagesIn, imagesOf } from './support/images-in.ts';
import { expectOciLayout, writeOciLayout } from './support/oci-layout.ts';
import { ARM64, INDEX } from './support/platform-images.ts';
import { seed } from './support/seed.ts';

const TYPE = 'application/vnd.example.signature';

describeClient('oras', {
  login: async ({ run, attempt, host, password }) => {
    const login = ['login', '--username', 'AWS', '--password-stdin', host];
    expect((await attempt(login, { input: 'not the password' })).code).not.toBe(0);
    expect(await run(login, { input: password })).toContain('Login Succeeded');
  },

  push: async ({ run, path, host, ecr }) => {
    await writeOciLayout(path('image'), INDEX, 'v1');
    await run(['cp', '--from-oci-layout', `${path('image')}:v1`, `${host}/pushed:v1`]);
    expect(await imagesIn(ecr, 'pushed')).toEqual(imagesOf(INDEX, 'v1'));
  },

  list: async ({ run, setup, host }) => {
    await seed(setup, 'listed', INDEX, 'v2', 'latest', 'v1');
    expect(await run(['repo', 'tags', `${host}/listed`])).toBe('latest\nv1\nv2\n');
  },

  pull: async ({ run, setup, path, host }) => {
    await seed(setup, 'pulled', INDEX, 'v1');
    await run(['cp', '--to-oci-layout', `${host}/pulled:v1`, `${path('pulled')}:v1`]);
    await expectOciLayout(path('pulled'), INDEX);
    await run(['cp', '--to-oci-layout', '--platform=linux/arm64', `${host}/pulled:v1`, `${path('arm64')}:v1`]);
    await expectOciLayout(path('arm64'), ARM64);
  },

  mount: async ({ run, setup, host, ecr, servedDuring }) => {
    await seed(setup, 'mounted/from', INDEX, 'v1');
    const served = await servedDuring(() => run(['cp', `${host}/mounted/from:v1`, `${host}/mounted/to:v1`]));
    expect(arrivals(served, 'mounted/to')).toEqual({ mounted: 3, uploaded: 0 });
    expect(await imagesIn(ecr, 'mounted/to')).toEqual(imagesOf(INDEX, 'v1'));
  },

  referrers: async ({ run, setup, path, host, ecr }) => {
    await seed(setup, 'signed', INDEX, 'v1');
    await writeFile(path('signature.txt'), 'signed');
    const attach = [
      'attach',
      '--artifact-type',
      TYPE,
      '--format=json',
      `${host}/signed:v1`,
      'signature.txt:text/plain',
    ];
    const { digest } = JSON.parse(await run(attach));
    const { referrers } = JSON.parse(await run(['discover', '--format=json', `${host}/signed:v1`]));
    expect(referrers).toEqual([expect.objectContaining({ digest, artifactType: TYPE })]);
    const listed = await ecr.listImageReferrers({
      repositoryName: 'signed',
      subjectId: { imageDigest: INDEX.digest },
    });
    expect(listed.referrers).toEqual([expect.objectContaining({ digest, artifactType: TYPE })]);
    await run(['pull', '--output', 'artifact', `${host}/signed@${digest}`]);
    expect(await readFile(path('artifact/signature.txt'), 'utf8')).toBe('signed');
    await run(['cp', '--recursive', `${host}/signed:v1`, `${host}/copied:v1`]);
    expect(Object.keys(await imagesIn(ecr, 'copied'))).toContain(digest);
  },

  deleteTag: { lacks: '`oras manifest delete` looks up the digest of a tag and deletes the image with all its tags.' },

  deleteImage: async ({ run, setup, host, ecr }) => {
    await seed(setup, 'deleted', INDEX, 'v1', 'latest');
    await run(['manifest', 'delete', '--force', `${host}/deleted@${INDEX.digest}`]);
    expect(await imagesIn(ecr, 'deleted')).toEqual(childrenOf(INDEX));
  },
});
