import { writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { arrivals } from './support/access-log.ts';
import { describeClient } from './support/describe-client.ts';
import { childrenOf, imagesIn, imagesOf } from './support/images-in.ts';
import { expectOciLayout, writeOciLayout } from './support/oci-layout.ts';
import { ARM64, INDEX } from './support/platform-images.ts';
import { seed } from './support/seed.ts';

const TYPE = 'application/vnd.example.signature';

describeClient('regctl', {
  login: async ({ run, attempt, host, password }) => {
    await run(['registry', 'set', '--tls=disabled', '--skip-check', host]);
    const login = ['registry', 'login', '--user', 'AWS', '--pass-stdin', host];
    expect((await attempt(login, { input: 'not the password' })).code).not.toBe(0);
    await run(login, { input: password });
  },

  push: async ({ run, path, host, ecr }) => {
    await writeOciLayout(path('image'), INDEX, 'v1');
    await run(['image', 'copy', `ocidir://${path('image')}:v1`, `${host}/pushed:v1`]);
    expect(await imagesIn(ecr, 'pushed')).toEqual(imagesOf(INDEX, 'v1'));
  },

  list: async ({ run, setup, host }) => {
    await seed(setup, 'listed', INDEX, 'v2', 'latest', 'v1');
    expect(await run(['tag', 'ls', `${host}/listed`])).toBe('latest\nv1\nv2\n');
  },

  pull: async ({ run, setup, path, host }) => {
    await seed(setup, 'pulled', INDEX, 'v1');
    await run(['image', 'copy', `${host}/pulled:v1`, `ocidir://${path('pulled')}:v1`]);
    await expectOciLayout(path('pulled'), INDEX);
    await run(['image', 'copy', '--platform=linux/arm64', `${host}/pulled:v1`, `ocidir://${path('arm64')}:v1`]);
    await expectOciLayout(path('arm64'), ARM64);
  },

  mount: async ({ run, setup, host, ecr, servedDuring }) => {
    await seed(setup, 'mounted/from', INDEX, 'v1');
    const served = await servedDuring(() => run(['image', 'copy', `${host}/mounted/from:v1`, `${host}/mounted/to:v1`]));
    expect(arrivals(served, 'mounted/to')).toEqual({ mounted: 3, uploaded: 0 });
    expect(await imagesIn(ecr, 'mounted/to')).toEqual(imagesOf(INDEX, 'v1'));
  },

  referrers: async ({ run, setup, path, host, ecr }) => {
    await seed(setup, 'signed', INDEX, 'v1');
    await writeFile(path('signature.txt'), 'signed');
    const subject = ['--subject', `${host}/signed:v1`];
    await run(['artifact', 'put', '--artifact-type', TYPE, '--file', path('signature.txt'), ...subject]);
    const { referrers = [] } = await ecr.listImageReferrers({
      repositoryName: 'signed',
      subjectId: { imageDigest: INDEX.digest },
    });
    expect(referrers).toEqual([expect.objectContaining({ artifactType: TYPE })]);
    const listed = await run(['artifact', 'list', '--format={{json .Descriptors}}', `${host}/signed:v1`]);
    expect(JSON.parse(listed)).toEqual([expect.objectContaining({ digest: referrers[0]?.digest, artifactType: TYPE })]);
    expect(await run(['artifact', 'get', ...subject, '--filter-artifact-type', TYPE])).toBe('signed');
    await run(['image', 'copy', '--referrers', `${host}/signed:v1`, `${host}/copied:v1`]);
    expect(Object.keys(await imagesIn(ecr, 'copied'))).toContain(referrers[0]?.digest);
  },

  deleteTag: async ({ run, setup, host, ecr }) => {
    await seed(setup, 'untagged', INDEX, 'v1', 'latest');
    await run(['tag', 'delete', `${host}/untagged:v1`]);
    expect(await imagesIn(ecr, 'untagged')).toEqual(imagesOf(INDEX, 'latest'));
  },

  deleteImage: async ({ run, setup, host, ecr }) => {
    await seed(setup, 'deleted', INDEX, 'v1', 'latest');
    await run(['manifest', 'delete', `${host}/deleted@${INDEX.digest}`]);
    expect(await imagesIn(ecr, 'deleted')).toEqual(childrenOf(INDEX));
  },
});
