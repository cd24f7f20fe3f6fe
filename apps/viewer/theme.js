// Runs before the page is drawn: the theme that was chosen in the settings, if one was.
try {
  const theme = localStorage.getItem("thulp-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the theme is that of the system.
}
