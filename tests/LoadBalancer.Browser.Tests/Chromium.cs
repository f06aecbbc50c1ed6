using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(LoadBalancer.Browser.Tests.Chromium))]

namespace LoadBalancer.Browser.Tests;

/// <summary>The machine's Chromium, started once for all tests. Where there is none, they are skipped.</summary>
public sealed class Chromium : IAsyncLifetime
{
    /// <summary>Environment variable with another path to it.</summary>
    private const string Variable = "CHROMIUM";

    private const int Patience = 60_000;

    private static readonly string[] Known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    private static string? Path => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given : Known.FirstOrDefault(File.Exists);

    public async ValueTask InitializeAsync()
    {
        if (Path is not { } path)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        // Other test programs may have the machine to themselves for a while.
        Assertions.SetDefaultExpectTimeout(Patience);
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = path,
            // Its sandbox needs more than a container gives; it sees nothing but this machine's own page.
            Args = ["--no-sandbox", "--disable-dev-shm-usage"],
        });
    }

    /// <summary>A profile of its own: no storage and no history of other tests.</summary>
    public async Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions? options = null)
    {
        Assert.SkipWhen(_browser is null, $"There is no Chromium on this machine; install Debian's package chromium, or set {Variable} to the path of one.");
        var context = await _browser!.NewContextAsync(options ?? new() { ViewportSize = new() { Width = 1280, Height = 900 } });
        context.SetDefaultTimeout(Patience);
        return context;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }
}
