import { mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { arrivals } from './access-log.ts';
import type { Capability, Lacking } from './capabilities.ts';
import { storageEnv, writeStorageConfig } from './containers-storage.ts';
import type { ClientOptions, Step } from './describe-client.ts';
import { imagesIn } from './images-in.ts';
import { AMD64, ARM64, INDEX } from './platform-images.ts';
import { platformsIn } from './platforms-in.ts';
import { seed } from './seed.ts';

/** What podman and buildah have in common: they build into a storage of their own, and push from there. */
export const CONTAINERS_STEPS = {
  login: async ({ run, attempt, host, password }) => {
    const login = ['login', '--tls-verify=false', '--username', 'AWS', '--password-stdin', host];
    expect((await attempt(login, { input: 'not the password' })).code).not.toBe(0);
    expect(await run(login, { input: password })).toContain('Login Succeeded');
  },

  push: async ({ run, path, host, ecr }) => {
    await mkdir(path('context'));
    await writeFile(path('context/Containerfile'), 'FROM scratch\nCOPY Containerfile /\n');
    const name = `${host}/pushed:v1`;
    await run(['build', '--no-cache', '--platform=linux/amd64,linux/arm64', '--manifest', name, path('context')]);
    await run(['manifest', 'push', '--all', '--tls-verify=false', name, `docker://${name}`]);
    const platforms = await platformsIn(ecr, 'pushed', 'v1');
    expect(Object.keys(platforms).sort()).toEqual(['amd64', 'arm64']);
    const images = await imagesIn(ecr, 'pushed');
    expect(Object.keys(images)).toHaveLength(3);
    for (const digest of Object.values(platforms)) expect(images[digest]).toEqual([]);
  },

  pull: async ({ run, setup, host }) => {
    await seed(setup, 'pulled', INDEX, 'v1');
    for (const [platform, image] of Object.entries({ amd64: AMD64, arm64: ARM64 })) {
      const pulled = await run(['pull', '--tls-verify=false', '--arch', platform, `${host}/pulled:v1`]);
      // The digest of the configuration is the image's id; the layer is checked against it while it is unpacked.
      expect(`sha256:${pulled.trim().split('\n').at(-1)}`).toBe(image.blobs[0]?.digest);
    }
  },

  mount: async ({ run, setup, host, ecr, servedDuring }) => {
    await seed(setup, 'mounted/from', AMD64, 'v1');
    const [from, to] = [`${host}/mounted/from:v1`, `${host}/mounted/to:v1`];
    await run(['pull', '--tls-verify=false', from]);
    await run(['tag', from, to]);
    const served = await servedDuring(() => run(['push', '--tls-verify=false', to]));
    // It knows of layers where they came from; configurations it sends.
    expect(arrivals(served, 'mounted/to')).toEqual({ mounted: 1, uploaded: 1 });
    expect(Object.values(await imagesIn(ecr, 'mounted/to'))).toEqual([['v1']]);
  },

  referrers: { lacks: 'this version knows nothing of what refers to images.' },
  deleteTag: { lacks: 'it deletes what is in its own storage only; `skopeo` deletes in registries.' },
  deleteImage: { lacks: 'it deletes what is in its own storage only; `skopeo` deletes in registries.' },
} satisfies Partial<Record<Capability, Step | Lacking>>;

export const CONTAINERS_OPTIONS: ClientOptions = {
  env: (setup) => ({ ...storageEnv(setup), BUILDAH_ISOLATION: 'chroot' }),
  prepare: ({ setup }) => writeStorageConfig(setup),
};
