import type * as sdk from '@aws-sdk/client-ecr';
import { list, required, string, structure } from '../../aws/shapes/declare.ts';

/** What a tag may say is the rule's to decide: it refuses with InvalidTagParameter, not with a constraint. */
const TagKey = string();
const TagValue = string();

const Arn = string();

export const TagList = list(structure<sdk.Tag>({ Key: required(TagKey), Value: required(TagValue) }));

const TagKeyList = list(TagKey);

export const TagResourceRequest = structure<sdk.TagResourceRequest>({
  resourceArn: required(Arn),
  tags: required(TagList),
});

export const UntagResourceRequest = structure<sdk.UntagResourceRequest>({
  resourceArn: required(Arn),
  tagKeys: required(TagKeyList),
});

export const ListTagsForResourceRequest = structure<sdk.ListTagsForResourceRequest>({
  resourceArn: required(Arn),
});
