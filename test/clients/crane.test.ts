import { expect } from 'vitest';
import { arrivals } from './support/access-log.ts';
import { describeClient } from './support/describe-client.ts';
import { childrenOf, imagesIn, imagesOf } from './support/images-in.ts';
import { expectOciLayout, writeOciLayout } from './support/oci-layout.ts';
import { ARM64, INDEX } from './support/platform-images.ts';
import { seed } from './support/seed.ts';

describeClient('crane', {
  login: async ({ run, attempt, setup, host, password }) => {
    await seed(setup, 'behind-login', INDEX, 'v1');
    const login = ['auth', 'login', '--username', 'AWS', '--password-stdin', host];
    // It takes any password, and uses it later.
    await run(login, { input: 'not the password' });
    expect((await attempt(['digest', `${host}/behind-login:v1`])).code).not.toBe(0);
    await run(login, { input: password });
    expect(await run(['digest', `${host}/behind-login:v1`])).toBe(`${INDEX.digest}\n`);
  },

  push: async ({ run, path, host, ecr }) => {
    await writeOciLayout(path('image'), INDEX, 'v1');
    const pushed = await run(['push', path('image'), `${host}/pushed:v1`]);
    expect(pushed).toBe(`${host}/pushed@${INDEX.digest}\n`);
    expect(await imagesIn(ecr, 'pushed')).toEqual(imagesOf(INDEX, 'v1'));
  },

  list: async ({ run, setup, host }) => {
    await seed(setup, 'listed', INDEX, 'v2', 'latest', 'v1');
    expect(await run(['ls', `${host}/listed`])).toBe('latest\nv1\nv2\n');
  },

  pull: async ({ run, setup, path, host }) => {
    await seed(setup, 'pulled', INDEX, 'v1');
    await run(['pull', '--format=oci', `${host}/pulled:v1`, path('pulled')]);
    await expectOciLayout(path('pulled'), INDEX);
    await run(['pull', '--format=oci', '--platform=linux/arm64', `${host}/pulled:v1`, path('arm64')]);
    await expectOciLayout(path('arm64'), ARM64);
  },

  mount: async ({ run, setup, host, ecr, servedDuring }) => {
    await seed(setup, 'mounted/from', INDEX, 'v1');
    const served = await servedDuring(() => run(['copy', `${host}/mounted/from:v1`, `${host}/mounted/to:v1`]));
    expect(arrivals(served, 'mounted/to')).toEqual({ mounted: 3, uploaded: 0 });
    expect(await imagesIn(ecr, 'mounted/to')).toEqual(imagesOf(INDEX, 'v1'));
  },

  referrers: { lacks: 'it has no command for that.' },

  deleteTag: async ({ run, setup, host, ecr }) => {
    await seed(setup, 'untagged', INDEX, 'v1', 'latest');
    await run(['delete', `${host}/untagged:v1`]);
    expect(await imagesIn(ecr, 'untagged')).toEqual(imagesOf(INDEX, 'latest'));
  },

  deleteImage: async ({ run, setup, host, ecr }) => {
    await seed(setup, 'deleted', INDEX, 'v1', 'latest');
    await run(['delete', `${host}/deleted@${INDEX.digest}`]);
    expect(await imagesIn(ecr, 'deleted')).toEqual(childrenOf(INDEX));
  },
});
