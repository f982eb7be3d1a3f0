// Runs before the first paint, so that the page does not flash in the wrong colours. Unset: as the system prefers.
(function () {
  var theme = null;
  try {
    theme = localStorage.getItem("newswake.theme");
  } catch (error) {
    console.info("The theme is not remembered in this browser", error);
  }
  if (theme !== "dark" && theme !== "light") {
    theme = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  }
  document.documentElement.dataset.theme = theme;
})();
