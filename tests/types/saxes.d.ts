// What the page uses of saxes, for the worker, whose check looks at declarations too: the library's own do not pass it.

interface Tag { local: string; uri: string; attributes: Record<string, { local: string; uri: string; value: string }> }

export class SaxesParser {
  constructor(options: { xmlns: true });
  ENTITIES: Record<string, string>;
  line: number;
  on(event: "error", handler: (error: Error) => void): void;
  on(event: "opentag" | "closetag", handler: (tag: Tag) => void): void;
  on(event: "text" | "cdata", handler: (text: string) => void): void;
  write(chunk: string): this;
  close(): this;
}
