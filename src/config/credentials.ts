import { z } from 'zod';
import { isRegistryId } from '../model/registry.ts';

/** A key that the server knows: requests signed with it are verified, in every profile. */
export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The account whose registry the key opens; undefined is the default account. */
  readonly accountId: string | undefined;
}

/** The well-known pair of local AWS stand-ins. Built in for profile `local`, unless the file gives `test` another secret. */
export const TEST_CREDENTIAL: Credential = { accessKeyId: 'test', secretAccessKey: 'test', accountId: undefined };

const credential = z.strictObject({
  accessKeyId: z.string().regex(/^[A-Za-z0-9_]{1,128}$/),
  secretAccessKey: z.string().regex(/^[\x21-\x7e]{1,256}$/),
  accountId: z
    .string()
    .refine(isRegistryId)
    .optional()
    .transform((id) => id),
});

export const credentialList: z.ZodType<readonly Credential[]> = z
  .array(credential)
  .max(10_000)
  .superRefine((credentials, context) => {
    const seen = new Set<string>();
    for (const [index, { accessKeyId }] of credentials.entries()) {
      if (seen.has(accessKeyId))
        context.addIssue({ code: 'custom', message: 'given twice', path: [index, 'accessKeyId'] });
      seen.add(accessKeyId);
    }
  })
  .transform((credentials) => credentials.map(({ accountId, ...keys }) => ({ ...keys, accountId })));
