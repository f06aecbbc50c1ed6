using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.Playwright;

namespace LoadBalancer.Browser.Tests;

/// <summary>The live page in a tab of its own. What the browser complains about, or asks of another host, is a failure.</summary>
internal sealed class LivePage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _complaints = [];

    private LivePage(IBrowserContext context, IPage tab)
    {
        _context = context;
        Tab = tab;
    }

    public IPage Tab { get; }

    public static async Task<LivePage> OpenAsync(Chromium chromium, Uri address, BrowserNewContextOptions? options = null, Func<IPage, Task>? prepare = null)
    {
        var context = await chromium.NewContextAsync(options);
        var page = new LivePage(context, await context.NewPageAsync());
        page.Tab.PageError += (_, error) => page._complaints.Enqueue(error);
        page.Tab.Console += (_, message) =>
        {
            // An answer that is no success is told on the console, too; that is what some tests are about.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                page._complaints.Enqueue(message.Text);
            }
        };
        page.Tab.Request += (_, request) =>
        {
            if (new Uri(request.Url).Authority != address.Authority)
            {
                page._complaints.Enqueue($"asked another host: {request.Url}");
            }
        };
        await (prepare?.Invoke(page.Tab) ?? Task.CompletedTask);
        await page.Tab.GotoAsync(address.ToString());
        return page;
    }

    public ILocator Node(string kind, string name) => Tab.Locator($"g.node.{kind}[aria-label^=\"{kind} {name}:\"]");

    public ILocator Row(string backend) => Tab.Locator("#panel-pools tr").Filter(new() { Has = Tab.Locator($".name:text-is(\"{backend}\")") });

    public Task ChooseAsync(string tab) => Tab.GetByRole(AriaRole.Tab, new() { Name = tab }).ClickAsync();

    public async Task GiveTokenAsync(string token)
    {
        await Tab.Locator("#token-value").FillAsync(token);
        await Tab.GetByRole(AriaRole.Button, new() { Name = "Use" }).ClickAsync();
    }

    /// <summary>Takes a picture: into docs/images when UPDATE_IMAGES is set, aside otherwise.</summary>
    public async Task PictureAsync(string name, bool isWhole = false)
    {
        var folder = Environment.GetEnvironmentVariable("UPDATE_IMAGES") is { Length: > 0 }
            ? typeof(LivePage).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "Images").Value!
            : Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "images")).FullName;
        var bytes = await Tab.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = isWhole });
        Assert.True(bytes.Length > 10_000, $"the picture has {bytes.Length} bytes");
    }

    /// <summary>Whether anything can be scrolled sideways.</summary>
    public async Task<bool> IsTooWideAsync() => await Tab.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth");

    public void AssertNoComplaints() => Assert.Empty(_complaints);

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
