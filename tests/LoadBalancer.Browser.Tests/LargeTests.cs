using System.Text.Json;
using LoadBalancer.Configuration.Commands;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace LoadBalancer.Browser.Tests;

public sealed class LargeTests(Chromium chromium)
{
    private const int MostBackends = 200;
    private const int MostConnections = 10_000;

    [Fact]
    public async Task Ten_thousand_connections_and_two_hundred_backends_do_not_freeze_it()
    {
        await using var topology = await Topology.StartAsync();
        var list = JsonSerializer.Serialize(Figures.Connections(MostConnections), CommandJsonContext.Default.ConnectionList);
        await using var page = await LivePage.OpenAsync(chromium, new Uri(topology.Page, $"/#token={Topology.Token}"), prepare: async tab =>
        {
            await Figures.ServeAsync(tab, [.. Enumerable.Range(0, 10).Select(i => Figures.Make(MostBackends, active: MostConnections, picks: i * 1000))]);
            await tab.RouteAsync("**/admin/connections*", route => route.FulfillAsync(new() { ContentType = "application/json", Body = list }));
            // The longest time that the page did nothing but compute.
            await tab.AddInitScriptAsync("window.longest = 0; new PerformanceObserver(list => { for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration); }).observe({ type: 'longtask' });");
        });

        await Expect(page.Tab.Locator("#panel-pools")).ToContainTextAsync("1–20 of 200");
        Assert.Equal(20, await page.Tab.Locator("#panel-pools tbody tr").CountAsync());
        await page.Tab.GetByLabel("Next page, large").ClickAsync();
        await Expect(page.Tab.Locator("#panel-pools")).ToContainTextAsync("21–40 of 200");
        await page.Tab.GetByLabel("Show backends with").FillAsync("large-199");
        await Expect(page.Tab.Locator("#panel-pools tbody tr")).ToHaveCountAsync(1);

        await page.ChooseAsync("Connections");
        var panel = page.Tab.Locator("#panel-connections");
        await Expect(panel).ToContainTextAsync("1–50 of 10,000");
        Assert.Equal(50, await panel.Locator("tbody tr").CountAsync());
        await panel.GetByRole(AriaRole.Searchbox).FillAsync("large-195 10.0.39.");
        await Expect(panel.Locator("tbody tr").First).ToContainTextAsync("10.0.39.");
        await panel.GetByRole(AriaRole.Searchbox).FillAsync("");
        await panel.GetByRole(AriaRole.Button, new() { Name = "To client" }).ClickAsync();
        await panel.GetByRole(AriaRole.Button, new() { Name = "To client" }).ClickAsync();
        await Expect(panel.Locator("tbody tr").First).ToContainTextAsync("10 MB");

        // No gate of speed, only of freezing: on a machine with nothing else to do it is a tenth of this.
        var longest = await page.Tab.EvaluateAsync<double>("window.longest");
        TestContext.Current.TestOutputHelper?.WriteLine($"longest task: {longest} ms");
        Assert.True(longest < 3000, $"the page was busy for {longest} ms");
        page.AssertNoComplaints();
    }
}
