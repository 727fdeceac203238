/** A generated file: path below the root of the repository, and all of its content. */
export type GeneratedFile = Readonly<{ path: string; content: string }>;
