import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Failure } from '../model/failure.js';
import { decodeImage } from './decode.js';
import { type ImageDirectory, labelOf, readImage } from './directory.js';
import { damaged, type ImageKind } from './framing.js';

/** Messages of an image file; what is wrong with it goes to `problems`. An absent file has none. */
export const readAll = <Desc extends DescMessage>(
  directory: ImageDirectory,
  name: string,
  kind: ImageKind,
  schema: Desc,
  problems: Failure[],
  most: number = MOST_MESSAGES,
): readonly MessageShape<Desc>[] => {
  const file = readImage(directory, name);
  if (file === undefined) return [];
  if (!file.ok) {
    problems.push(file.failure);
    return [];
  }
  const { messages, problem } = decodeImage(labelOf(directory, name), file.value, kind, schema, most);
  if (problem !== undefined) problems.push(problem);
  return messages;
};

const MOST_MESSAGES = 1_000_000;

/** The message of an image that holds one. */
export const readOne = <Desc extends DescMessage>(
  directory: ImageDirectory,
  name: string,
  kind: ImageKind,
  schema: Desc,
  problems: Failure[],
): MessageShape<Desc> | undefined => {
  const before = problems.length;
  const [message] = readAll(directory, name, kind, schema, problems, 1);
  const empty = message === undefined && directory.names.has(name) && problems.length === before;
  if (empty) problems.push(damaged(labelOf(directory, name), 'holds no message'));
  return message;
};
