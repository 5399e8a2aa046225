import { expect } from 'vitest';
import { arrivals } from './support/access-log.ts';
import { describeClient } from './support/describe-client.ts';
import { childrenOf, imagesIn, imagesOf } from './support/images-in.ts';
import { expectOciLayout, writeOciLayout } from './support/oci-layout.ts';
import { ARM64, INDEX } from './support/platform-images.ts';
import { seed } from './support/seed.ts';

describeClient('skopeo', {
  login: async ({ run, attempt, host, password }) => {
    const login = ['login', '--tls-verify=false', '--username', 'AWS', '--password-stdin', host];
    expect((await attempt(login, { input: 'not the password' })).code).not.toBe(0);
    expect(await run(login, { input: password })).toContain('Login Succeeded');
  },

  push: async ({ run, path, host, ecr }) => {
    await writeOciLayout(path('image'), INDEX, 'v1');
    await run(['copy', '--all', '--dest-tls-verify=false', `oci:${path('image')}:v1`, `docker://${host}/pushed:v1`]);
    expect(await imagesIn(ecr, 'pushed')).toEqual(imagesOf(INDEX, 'v1'));
  },

  list: async ({ run, setup, host }) => {
    await seed(setup, 'listed', INDEX, 'v2', 'latest', 'v1');
    const listed = JSON.parse(await run(['list-tags', '--tls-verify=false', `docker://${host}/listed`]));
    expect(listed.Tags).toEqual(['latest', 'v1', 'v2']);
  },

  pull: async ({ run, setup, path, host }) => {
    await seed(setup, 'pulled', INDEX, 'v1');
    const from = `docker://${host}/pulled`;
    await run(['copy', '--all', '--src-tls-verify=false', `${from}:v1`, `oci:${path('pulled')}:v1`]);
    await expectOciLayout(path('pulled'), INDEX);
    await run(['copy', '--override-arch=arm64', '--src-tls-verify=false', `${from}:v1`, `oci:${path('arm64')}:v1`]);
    await expectOciLayout(path('arm64'), ARM64);
  },

  mount: async ({ run, setup, host, ecr, servedDuring }) => {
    await seed(setup, 'mounted/from', INDEX, 'v1');
    const [from, to] = [`docker://${host}/mounted/from:v1`, `docker://${host}/mounted/to:v1`];
    const served = await servedDuring(() =>
      run(['copy', '--all', '--src-tls-verify=false', '--dest-tls-verify=false', from, to]),
    );
    // It reads configurations before it copies, and sends what it has read.
    expect(arrivals(served, 'mounted/to')).toEqual({ mounted: 1, uploaded: 2 });
    expect(await imagesIn(ecr, 'mounted/to')).toEqual(imagesOf(INDEX, 'v1'));
  },

  referrers: { lacks: 'it copies images and knows nothing of what refers to them.' },

  deleteTag: { lacks: '`skopeo delete` looks up the digest of a tag and deletes the image with all its tags.' },

  deleteImage: async ({ run, setup, host, ecr }) => {
    await seed(setup, 'deleted', INDEX, 'v1', 'latest');
    await run(['delete', '--tls-verify=false', `docker://${host}/deleted@${INDEX.digest}`]);
    expect(await imagesIn(ecr, 'deleted')).toEqual(childrenOf(INDEX));
  },
});
