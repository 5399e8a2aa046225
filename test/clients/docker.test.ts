import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { arrivals } from './support/access-log.ts';
import { describeClient } from './support/describe-client.ts';
import { AMD64, ARM64, INDEX } from './support/platform-images.ts';
import { platformsIn } from './support/platforms-in.ts';
import { seed } from './support/seed.ts';

/** The command without a daemon: what it does by itself. A daemon pulls and pushes for it. */
describeClient(
  'docker CLI',
  {
    login: async ({ run, attempt, path, host, password }) => {
      const login = ['login', '--username', 'AWS', '--password-stdin', host];
      expect((await attempt(login, { input: 'not the password' })).code).not.toBe(0);
      expect(await run(login, { input: password })).toContain('Login Succeeded');
      const { auths } = JSON.parse(await readFile(path('docker/config.json'), 'utf8'));
      expect(Object.keys(auths)).toEqual([host]);
    },

    push: async ({ run, setup, host, ecr }) => {
      await seed(setup, 'pushed', AMD64, 'amd64');
      await seed(setup, 'pushed', ARM64, 'arm64');
      const name = `${host}/pushed`;
      await run(['manifest', 'create', '--insecure', `${name}:v1`, `${name}:amd64`, `${name}:arm64`]);
      await run(['manifest', 'push', '--insecure', `${name}:v1`]);
      expect(await platformsIn(ecr, 'pushed', 'v1')).toEqual({ amd64: AMD64.digest, arm64: ARM64.digest });
    },

    list: { lacks: 'it has no command for that.' },

    pull: { lacks: '`docker pull` and `docker push` are done by a daemon, and there is none where this ran.' },

    mount: async ({ run, setup, host, ecr, servedDuring }) => {
      await seed(setup, 'mounted/from', INDEX, 'v1');
      const listed = JSON.parse(
        await run(['manifest', 'inspect', '--insecure', `${host}/mounted/from:v1`], { shown: '' }),
      );
      expect(listed).toEqual(JSON.parse(Buffer.from(INDEX.bytes).toString()));
      const [from, to] = [`${host}/mounted/from`, `${host}/mounted/to:v1`];
      const served = await servedDuring(async () => {
        await run(['manifest', 'create', '--insecure', to, `${from}@${AMD64.digest}`, `${from}@${ARM64.digest}`]);
        await run(['manifest', 'push', '--insecure', to]);
      });
      // Both images name the layer, and each has its own mounted.
      expect(arrivals(served, 'mounted/to')).toEqual({ mounted: 4, uploaded: 0 });
      expect(await platformsIn(ecr, 'mounted/to', 'v1')).toEqual({ amd64: AMD64.digest, arm64: ARM64.digest });
    },

    referrers: { lacks: 'it has no command for that.' },
    deleteTag: { lacks: 'it has no command for that.' },
    deleteImage: { lacks: 'it has no command for that.' },
  },
  { env: ({ folder }) => ({ DOCKER_CONFIG: `${folder.path}/docker` }) },
);
