import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname } from 'node:path';
import { afterAll, expect } from 'vitest';
import { describeClient } from './support/describe-client.ts';
import { expectLogin } from './support/ecr-steps.ts';
import { findListed } from './support/find-listed.ts';
import { type ForwardProxy, startForwardProxy } from './support/forward-proxy.ts';
import { imagesIn, imagesOf } from './support/images-in.ts';
import { expectOciLayout, writeOciLayout } from './support/oci-layout.ts';
import { INDEX } from './support/platform-images.ts';
import { seed } from './support/seed.ts';
import type { Stage } from './support/stage.ts';

/** The helper answers for ECR's own host names and no other, so the server is reached under one. */
const HOST = '000000000000.dkr.ecr.us-east-1.amazonaws.com';

const CONFIG = JSON.stringify({ credHelpers: { [HOST]: 'ecr-login' } });

const helper = await findListed('docker-credential-ecr-login');
const skopeo = await findListed('skopeo');
let proxy: ForwardProxy | undefined;
afterAll(() => proxy?.[Symbol.asyncDispose]());

const lacks = 'it gets credentials; who asked for them does the rest.';

describeClient(
  'docker-credential-ecr-login',
  {
    login: async (stage) => {
      const { Username, Secret, ServerURL } = JSON.parse(
        await stage.run(['get'], { input: HOST, shown: `echo ${HOST} | docker-credential-ecr-login get` }),
      );
      expect({ Username, ServerURL }).toEqual({ Username: 'AWS', ServerURL: HOST });
      await expectLogin(stage, Buffer.from(`AWS:${Secret}`).toString('base64'));
    },

    push: async (stage) => {
      await writeOciLayout(stage.path('image'), INDEX, 'v1');
      await copy(stage, ['--dest-tls-verify=false', `oci:${stage.path('image')}:v1`, `docker://${HOST}/pushed:v1`]);
      expect(await imagesIn(stage.ecr, 'pushed')).toEqual(imagesOf(INDEX, 'v1'));
    },

    pull: async (stage) => {
      await seed(stage.setup, 'pulled', INDEX, 'v1');
      await copy(stage, ['--src-tls-verify=false', `docker://${HOST}/pulled:v1`, `oci:${stage.path('pulled')}:v1`]);
      await expectOciLayout(stage.path('pulled'), INDEX);
    },

    list: { lacks },
    mount: { lacks },
    referrers: { lacks },
    deleteTag: { lacks },
    deleteImage: { lacks },
  },
  {
    alsoNeeds: ['skopeo'],
    note: [
      "It answers for ECR's own host names and no others. With `AWS_ENDPOINT_URL_ECR=http://api.ecr.us-east-1.amazonaws.com`, and those",
      "names leading to Berth (here by a proxy, elsewhere by a name server), Berth answers with them. docker's `config.json` says",
      `\`${CONFIG}\`; skopeo reads it, too.`,
    ].join(' '),
    prepare: async ({ berth, path }) => {
      proxy = await startForwardProxy(berth.origin);
      await mkdir(path('home/.docker'));
      await writeFile(path('home/.docker/config.json'), CONFIG);
    },
    env: () => ({
      AWS_ENDPOINT_URL_ECR: 'http://api.ecr.us-east-1.amazonaws.com',
      HTTP_PROXY: proxy?.url ?? '',
      HTTPS_PROXY: proxy?.url ?? '',
    }),
  },
);

/** Has skopeo copy with no credentials but those that the helper gets for it. */
async function copy({ show, env }: Stage, args: readonly string[]): Promise<void> {
  if (!helper || !skopeo) throw new Error('The helper and skopeo are looked for before any test runs');
  const path = [dirname(helper.client.path), process.env['PATH']].join(delimiter);
  const outcome = await skopeo.client.run(['copy', '--all', ...args], { env: { ...env, PATH: path } });
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  show(`skopeo copy --all ${args.join(' ')}`);
}
