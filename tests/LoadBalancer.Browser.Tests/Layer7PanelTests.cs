using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace LoadBalancer.Browser.Tests;

public sealed class Layer7PanelTests(Chromium chromium)
{
    [Fact]
    public async Task The_slider_moves_the_share_of_a_canary()
    {
        await using var topology = await Topology.StartAsync();
        await using var page = await LivePage.OpenAsync(chromium, new Uri(topology.Page, $"/#token={Topology.Token}"));
        await page.ChooseAsync("Routes");
        var slider = page.Tab.GetByRole(AriaRole.Slider, new() { Name = "catalog-next" });
        await Expect(slider).ToHaveValueAsync("20");

        await slider.FocusAsync();
        await slider.PressAsync("End");

        await Expect(page.Tab.Locator("#told")).ToContainTextAsync("catalog-next gets 100 % of catalog.");
        var route = (await topology.Server.GetStatisticsAsync()).Layer7.Routes.Single(route => route.Name == "catalog");
        Assert.Equal(100, route.Split.Single(part => part.Pool == "catalog-next").Percent);
        await Expect(page.Tab.Locator("#panel-routes")).ToContainTextAsync("catalog gets the other 0 %");
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task The_cache_lists_what_it_keeps_and_can_be_emptied()
    {
        await using var topology = await Topology.StartAsync();
        await topology.RequestAsync("/about");
        await topology.RequestAsync("/about");
        await using var page = await LivePage.OpenAsync(chromium, new Uri(topology.Page, $"/#token={Topology.Token}"));

        await page.ChooseAsync("Cache");
        var rows = page.Tab.Locator("#panel-cache tbody tr");
        await Expect(rows).ToHaveCountAsync(1);
        await Expect(rows).ToContainTextAsync("/about");
        await page.Tab.GetByRole(AriaRole.Button, new() { Name = "Remove all" }).ClickAsync();

        await Expect(page.Tab.Locator("#panel-cache")).ToContainTextAsync("Nothing is stored.");
        page.AssertNoComplaints();
    }
}
