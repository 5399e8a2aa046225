import { writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Step } from './describe-client.ts';
import { expectLogin, type Perform } from './ecr-steps.ts';
import type { Stage } from './stage.ts';

/** How a version of the aws command is pointed at the server: what stands before `ecr`. */
export type Pointing = (stage: Stage) => readonly string[];

/** Performs operations through the aws command. */
export function awsCli(pointing: Pointing): Perform {
  return async (stage, operation, input) => {
    const { layerPartBlob, ...rest } = { layerPartBlob: undefined, ...input };
    const command = ['ecr', operation.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase()];
    const shown = ['aws', ...pointing(stage), ...command].join(' ');
    const args = [...pointing(stage), ...command, '--output', 'json', '--cli-input-json', JSON.stringify(rest)];
    if (layerPartBlob === undefined) return JSON.parse(await stage.run(args, { shown }));
    await writeFile(stage.path('part'), layerPartBlob);
    return JSON.parse(await stage.run([...args, '--layer-part-blob', `fileb://${stage.path('part')}`], { shown }));
  };
}

export function getLoginPassword(pointing: Pointing): Step {
  return async (stage) => {
    const password = await stage.run([...pointing(stage), 'ecr', 'get-login-password']);
    expect(password).toMatch(/^ey\S+\n$/);
    await expectLogin(stage, Buffer.from(`AWS:${password.trim()}`).toString('base64'));
  };
}
