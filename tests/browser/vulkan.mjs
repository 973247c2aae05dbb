// A Vulkan without a graphics card, for the native tests of the GPU: Chromium brings SwiftShader along.
// Prints the shell's settings with which the Vulkan loader finds it: besides the drivers of the system where there may
// be a graphics card, and otherwise in place of them, for other software is slower at it. Nothing where there is none.
//
//     eval "$(node tests/browser/vulkan.mjs)"

import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { findChromium } from "./chromium.mjs";

const chromium = await findChromium().catch(() => null);
const folders = ["/usr/lib/chromium", "/usr/lib/chromium-browser"];
if (chromium) folders.unshift(dirname(realpathSync(chromium)));
const driver = "vk_swiftshader_icd.json";
const folder = folders.find((folder) => existsSync(join(folder, driver)));
if (folder && process.platform === "linux") {
  const card = existsSync("/dev/dri");
  console.log(`export ${card ? "VK_ADD_DRIVER_FILES" : "VK_DRIVER_FILES"}='${join(folder, driver)}'`);
  // Last, so that the system's own loader comes first.
  const libraries = [process.env.LD_LIBRARY_PATH, folder].filter(Boolean).join(":");
  console.log(`export LD_LIBRARY_PATH='${libraries}'`);
}
