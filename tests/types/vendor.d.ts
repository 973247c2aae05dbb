// Trunk copies uPlot from node_modules into the page's vendor/ folder.
declare module "*/vendor/uplot/uPlot.esm.js" {
  export { default } from "uplot";
}

// The same for svgcanvas, which brings no types of its own: a canvas's drawing context that writes SVG.
declare module "*/vendor/svgcanvas/svgcanvas.esm.js" {
  export class Context {
    constructor(options: { width: number; height: number; document: Document });
    getSvg(): SVGElement;
  }
}
