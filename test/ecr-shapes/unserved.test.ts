import * as sdk from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { refuseOperation } from '../../src/ecr/refuse-operation.ts';
import { isUnserved, UNSERVED } from '../../src/ecr/unserved.ts';
import { INPUTS } from './inputs.ts';

const SERVED = Object.keys(INPUTS);
const serving = { version: '1.2.3', served: ['ListImages', 'BatchDeleteImage'] };

describe('the operations that are not served yet', () => {
  it("are, with those that are, the 62 of the SDK's commands, each once", () => {
    const commands = Object.keys(sdk).filter((name) => name.endsWith('Command') && !name.startsWith('$'));
    const known = commands.map((name) => name.slice(0, -'Command'.length));
    expect(known).toHaveLength(62);
    expect([...SERVED, ...UNSERVED].toSorted()).toEqual(known.toSorted());
  });

  it('are told apart from those that are served and from names that are none', () => {
    expect(isUnserved('PutLifecyclePolicy')).toBe(true);
    for (const name of ['BatchDeleteImage', 'putLifecyclePolicy', '', 'constructor', '$']) {
      expect(isUnserved(name)).toBe(false);
    }
  });

  it('are refused by name, with what this version serves', () => {
    const fault = refuseOperation('PutLifecyclePolicy', serving);
    expect(fault.code).toBe('UnknownOperation');
    expect(fault.message).toBe(
      'PutLifecyclePolicy is an operation of Amazon ECR that Berth 1.2.3 does not serve yet. Berth 1.2.3 serves BatchDeleteImage, ListImages.',
    );
  });
});

describe('a name that is no operation', () => {
  it('is refused as such', () => {
    expect(refuseOperation('DeleteEverything', serving).message).toBe(
      '"DeleteEverything" is not an operation of Amazon ECR. Berth 1.2.3 serves BatchDeleteImage, ListImages.',
    );
  });

  it('is quoted without its control characters, and not at length', () => {
    const { message } = refuseOperation(`a\r\nb${'x'.repeat(100_000)}`, serving);
    expect(message.startsWith('"a\\r\\nbxxx')).toBe(true);
    expect(message.length).toBeLessThan(300);
  });
});
