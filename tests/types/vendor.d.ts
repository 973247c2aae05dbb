// Trunk copies uPlot from node_modules into the page's vendor/ folder.
declare module "*/vendor/uplot/uPlot.esm.js" {
  export { default } from "uplot";
}

declare module "*/vendor/uqr/index.mjs" {
  export * from "uqr";
}

// The same for svgcanvas, which brings no types of its own: a canvas's drawing context that writes SVG.
declare module "*/vendor/svgcanvas/svgcanvas.esm.js" {
  export class Context {
    constructor(options: { width: number; height: number; document: Document });
    getSvg(): SVGElement;
  }
}

// What the tests use of selenium-webdriver, which brings no types of its own.
declare module "selenium-webdriver" {
  export interface WebDriver { get(url: string): Promise<void>; quit(): Promise<void>; }
  export class Capabilities { constructor(wanted: Record<string, unknown>); }
  export class Builder {
    usingServer(url: string): this;
    withCapabilities(capabilities: Capabilities): this;
    build(): Promise<WebDriver>;
  }
}
