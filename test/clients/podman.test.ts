import { expect } from 'vitest';
import { CONTAINERS_OPTIONS, CONTAINERS_STEPS } from './support/containers-tools.ts';
import { describeClient } from './support/describe-client.ts';
import { INDEX } from './support/platform-images.ts';
import { seed } from './support/seed.ts';

describeClient(
  'podman',
  {
    ...CONTAINERS_STEPS,
    list: async ({ run, setup, host }) => {
      await seed(setup, 'listed', INDEX, 'v2', 'latest', 'v1');
      const search = ['search', '--list-tags', '--tls-verify=false', '--format=json', `${host}/listed`];
      expect(JSON.parse(await run(search))).toEqual([{ Name: `${host}/listed`, Tags: ['latest', 'v1', 'v2'] }]);
    },
  },
  CONTAINERS_OPTIONS,
);
