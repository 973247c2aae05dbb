// Trunk copies uPlot from node_modules into the page's vendor/ folder.
declare module "*/vendor/uplot/uPlot.esm.js" {
  export { default } from "uplot";
}
