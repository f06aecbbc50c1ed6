using System.Globalization;
using System.Text.RegularExpressions;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace LoadBalancer.Browser.Tests;

public sealed partial class LivePageTests(Chromium chromium)
{
    [Fact]
    public async Task It_draws_all_listeners_routes_and_pools()
    {
        await using var topology = await Topology.StartAsync();
        await using var page = await LivePage.OpenAsync(chromium, topology.Page);

        foreach (var (kind, names) in new[] { ("listener", new[] { "http", "echo" }), ("route", ["auth", "settings", "about", "catalog"]), ("pool", ["auth", "settings", "catalog", "catalog-next", "echo"]) })
        {
            foreach (var name in names)
            {
                await Expect(page.Node(kind, name)).ToBeVisibleAsync();
            }

            await Expect(page.Tab.Locator($"g.node.{kind}")).ToHaveCountAsync(names.Length);
        }

        await Expect(page.Node("pool", "catalog").Locator(".dot.Healthy")).ToHaveCountAsync(3);
        await Expect(page.Tab).ToHaveTitleAsync("edge · load balancer");
        await Expect(page.Row("catalog-2")).ToContainTextAsync("Healthy");
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task It_follows_traffic_without_being_loaded_again()
    {
        await using var topology = await Topology.StartAsync();
        await using var page = await LivePage.OpenAsync(chromium, topology.Page);
        await Expect(page.Node("route", "auth")).ToHaveAttributeAsync("aria-label", Still());
        await page.Tab.EvaluateAsync("window.isTheSame = true");

        topology.StartTraffic();
        await topology.ConnectAsync(5);

        await Expect(page.Node("route", "auth")).ToHaveAttributeAsync("aria-label", Moves());
        await Expect(page.Node("listener", "http")).ToHaveAttributeAsync("aria-label", Moves());
        await Expect(page.Node("listener", "echo")).ToHaveAttributeAsync("aria-label", Moves());
        await Expect(page.Node("pool", "catalog")).ToHaveAttributeAsync("aria-label", Moves());
        await Expect(page.Tab.Locator("g.edge.moving").First).ToBeVisibleAsync();
        await Expect(page.Tab.Locator("#tab-connections .count")).ToHaveTextAsync(AtLeastFive());
        await page.ChooseAsync("Picks");
        await Expect(page.Tab.Locator("#panel-picks tbody tr").First).ToBeVisibleAsync();
        await Expect(page.Tab.Locator("#panel-picks tr").Filter(new() { HasText = "auth-1" }).First).ToContainTextAsync("its turn among 2");
        await Expect(page.Tab.Locator("#panel-picks tr").Filter(new() { HasText = "settings-1" }).First).ToContainTextAsync("the only one that can be picked");
        Assert.True(await page.Tab.EvaluateAsync<bool>("window.isTheSame"));
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task Nobody_who_watches_means_that_no_pick_is_kept()
    {
        await using var topology = await Topology.StartAsync();
        await topology.RequestAsync("/auth/before");
        await using (var page = await LivePage.OpenAsync(chromium, topology.Page))
        {
            await Expect(page.Node("pool", "auth")).ToBeVisibleAsync();
            await topology.RequestAsync("/auth/while");
            await page.ChooseAsync("Picks");
            await Expect(page.Tab.Locator("#panel-picks tbody tr")).ToHaveCountAsync(1);
        }
    }

    [Fact]
    public async Task The_drain_button_drains_and_resume_takes_it_back()
    {
        await using var topology = await Topology.StartAsync();
        await using var page = await LivePage.OpenAsync(chromium, new Uri(topology.Page, $"/#token={Topology.Token}"));
        await Expect(page.Tab).ToHaveURLAsync(topology.Page.ToString());

        await page.Tab.GetByRole(AriaRole.Button, new() { Name = "Drain auth-1" }).ClickAsync();

        await Expect(page.Row("auth-1")).ToContainTextAsync("Draining");
        await Expect(page.Tab.Locator("#told")).ToContainTextAsync("auth-1 drains");
        await Expect(page.Node("pool", "auth").Locator(".dot.Draining")).ToHaveCountAsync(1);
        Assert.Equal(BackendState.Draining, await StateAsync(topology, "auth-1"));

        await page.Tab.GetByRole(AriaRole.Button, new() { Name = "Resume auth-1" }).ClickAsync();

        await Expect(page.Row("auth-1")).ToContainTextAsync("Healthy");
        Assert.Equal(BackendState.Healthy, await StateAsync(topology, "auth-1"));
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task The_reset_button_makes_counters_begin_anew()
    {
        await using var topology = await Topology.StartAsync();
        await topology.RequestAsync("/auth/before");
        await using var page = await LivePage.OpenAsync(chromium, new Uri(topology.Page, $"/#token={Topology.Token}"));
        await Expect(page.Node("pool", "auth")).ToBeVisibleAsync();
        Assert.True((await topology.Server.GetStatisticsAsync()).Layer7.Routes.Sum(route => route.Requests) > 0);

        await page.Tab.GetByRole(AriaRole.Button, new() { Name = "Reset statistics" }).ClickAsync();

        await Expect(page.Tab.Locator("#told")).ToContainTextAsync("All counters begin anew.");
        Assert.Equal(0, (await topology.Server.GetStatisticsAsync()).Layer7.Routes.Sum(route => route.Requests));
        await Expect(page.Tab.Locator("#about")).ToContainTextAsync("counters of ");
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task A_command_asks_for_the_token_and_a_wrong_one_is_told()
    {
        await using var topology = await Topology.StartAsync();
        await using var page = await LivePage.OpenAsync(chromium, topology.Page);
        var dialog = page.Tab.GetByRole(AriaRole.Dialog);

        await page.Tab.GetByRole(AriaRole.Button, new() { Name = "Drain auth-1" }).ClickAsync();
        await Expect(dialog).ToBeVisibleAsync();
        await page.GiveTokenAsync("a-token-that-is-wrong");

        await Expect(dialog.GetByRole(AriaRole.Alert)).ToHaveTextAsync("The balancer refused this token.");
        Assert.Equal(BackendState.Healthy, await StateAsync(topology, "auth-1"));

        await page.GiveTokenAsync(Topology.Token);

        await Expect(dialog).ToBeHiddenAsync();
        await Expect(page.Row("auth-1")).ToContainTextAsync("Draining");
        // Kept for this tab and nowhere else.
        Assert.Equal(Topology.Token, await page.Tab.EvaluateAsync<string>("Object.values(sessionStorage).join()"));
        Assert.Equal("", await page.Tab.EvaluateAsync<string>("Object.values(localStorage).join() + document.cookie + location.hash + location.search"));

        await page.Tab.GetByRole(AriaRole.Button, new() { Name = "Forget token" }).ClickAsync();

        Assert.Equal(0, await page.Tab.EvaluateAsync<int>("sessionStorage.length"));
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task The_connection_table_is_behind_the_token_filtered_and_closes_one()
    {
        await using var topology = await Topology.StartAsync();
        await topology.ConnectAsync(9);
        await using var page = await LivePage.OpenAsync(chromium, topology.Page);
        await page.ChooseAsync("Connections");
        var panel = page.Tab.Locator("#panel-connections");
        await Expect(panel).ToContainTextAsync("needs the token");
        await Expect(panel.Locator("tbody tr")).ToHaveCountAsync(0);

        await panel.GetByRole(AriaRole.Button, new() { Name = "Give token" }).ClickAsync();
        await page.GiveTokenAsync(Topology.Token);
        await Expect(panel.Locator("tbody tr")).ToHaveCountAsync(9);

        await panel.GetByRole(AriaRole.Searchbox).FillAsync("echo-2");
        await Expect(panel.Locator("tbody tr")).ToHaveCountAsync(3);
        foreach (var row in await panel.Locator("tbody tr").AllTextContentsAsync())
        {
            Assert.Contains("echo-2", row, StringComparison.Ordinal);
        }

        await panel.GetByRole(AriaRole.Button, new() { Name = "Close the connection" }).First.ClickAsync();
        await Expect(panel.Locator("tbody tr")).ToHaveCountAsync(2);

        await panel.GetByRole(AriaRole.Searchbox).FillAsync("nobody has this");
        await Expect(panel).ToContainTextAsync("None of 8 connections matches.");
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task Weight_policy_and_faults_are_set_and_refusals_are_told_in_the_balancers_words()
    {
        await using var topology = await Topology.StartAsync();
        await using var page = await LivePage.OpenAsync(chromium, new Uri(topology.Page, $"/#token={Topology.Token}"));

        await page.Tab.GetByLabel("Weight of catalog-2").FillAsync("7");
        await page.Tab.GetByLabel("Weight of catalog-2").PressAsync("Enter");
        await Expect(page.Tab.Locator("#told")).ToContainTextAsync("catalog-2 has weight 7.");
        await page.Tab.Locator("#policy-catalog").SelectOptionAsync("Random");
        await Expect(page.Tab.Locator("#told")).ToContainTextAsync("catalog picks by Random.");
        await page.Tab.GetByLabel("Faults at catalog-3").ClickAsync();
        await page.Tab.GetByLabel("Latency, ms").FillAsync("120");
        await page.Tab.GetByRole(AriaRole.Button, new() { Name = "Switch on" }).ClickAsync();
        await Expect(page.Tab.Locator("#told")).ToContainTextAsync("Faults are in force at catalog-3.");

        var catalog = (await topology.Server.GetStatisticsAsync()).Pools.Single(pool => pool.Name == "catalog");
        Assert.Equal(Configuration.SelectionPolicy.Random, catalog.Policy);
        Assert.Equal(7, catalog.Backends.Single(backend => backend.Name == "catalog-2").Weight);
        Assert.Equal(120, catalog.Backends.Single(backend => backend.Name == "catalog-3").Faults!.LatencyMilliseconds);

        await page.ChooseAsync("Faults");
        await Expect(page.Tab.Locator("#panel-faults tbody tr")).ToContainTextAsync("latency 120 ms");
        await page.Tab.GetByLabel("Switch off the faults at catalog-3").ClickAsync();
        await Expect(page.Tab.Locator("#panel-faults")).ToContainTextAsync("No faults are in force.");

        // The policy of a Layer 4 listener cannot be anything; what the balancer says is what is shown.
        await page.Tab.RouteAsync("**/weight", route => route.FulfillAsync(new() { Status = 400, ContentType = "application/problem+json", Body = """{"title":"Bad request","status":400,"detail":"weight: said the balancer"}""" }));
        await page.ChooseAsync("Pools");
        await page.Tab.GetByLabel("Weight of catalog-2").FillAsync("9");
        await page.Tab.GetByLabel("Weight of catalog-2").PressAsync("Enter");
        await Expect(page.Tab.Locator("#told.problem")).ToHaveTextAsync("weight: said the balancer");
        await Expect(page.Tab.GetByLabel("Weight of catalog-2")).ToHaveValueAsync("7");
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task Dark_is_dark_and_both_can_be_read()
    {
        await using var topology = await Topology.StartAsync();
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await using var page = await LivePage.OpenAsync(chromium, topology.Page, new() { ColorScheme = scheme });
            await Expect(page.Row("auth-1")).ToContainTextAsync("Healthy");

            var back = await LightnessAsync(page.Tab, "html", "backgroundColor");
            Assert.True(scheme == ColorScheme.Dark ? back < 0.1 : back > 0.9, $"{scheme}: {back}");
            foreach (var (selector, behind) in new[] { ("h1", ".bar"), (".quiet", ".card"), (".badge.Healthy", ".badge.Healthy"), ("#token", "#token") })
            {
                var (text, ground) = (await LightnessAsync(page.Tab, selector, "color"), await LightnessAsync(page.Tab, behind, "backgroundColor"));
                var contrast = (Math.Max(text, ground) + 0.05) / (Math.Min(text, ground) + 0.05);
                // WCAG 2.2, 1.4.3: at least 4.5 to 1.
                Assert.True(contrast >= 4.5, $"{scheme}: {selector} has a contrast of {contrast:0.0}");
            }
        }
    }

    [Theory]
    [InlineData(360)]
    [InlineData(768)]
    public async Task A_narrow_screen_needs_no_scrolling_sideways(int width)
    {
        await using var topology = await Topology.StartAsync();
        await topology.ConnectAsync(3);
        topology.StartTraffic();
        await using var page = await LivePage.OpenAsync(chromium, new Uri(topology.Page, $"/#token={Topology.Token}"), new() { ViewportSize = new() { Width = width, Height = 800 } });
        await Expect(page.Node("route", "auth")).ToHaveAttributeAsync("aria-label", Moves());

        foreach (var tab in new[] { "Routes", "Connections", "Picks", "Cache", "Faults", "Pools" })
        {
            await page.ChooseAsync(tab);
            await Expect(page.Tab.Locator($"#panel-{tab.ToLowerInvariant()}")).ToBeVisibleAsync();
            Assert.False(await page.IsTooWideAsync(), $"{tab} at {width} px is too wide");
        }

        if (width == 360)
        {
            await page.PictureAsync("live-page-narrow");
        }

        var drain = page.Tab.GetByRole(AriaRole.Button, new() { Name = "Drain auth-1" });
        await drain.ScrollIntoViewIfNeededAsync();
        await Expect(drain).ToBeInViewportAsync(new() { Ratio = 1 });
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task The_keyboard_reaches_and_presses_everything()
    {
        await using var topology = await Topology.StartAsync();
        await using var page = await LivePage.OpenAsync(chromium, new Uri(topology.Page, $"/#token={Topology.Token}"));
        await Expect(page.Row("auth-1")).ToBeVisibleAsync();

        await TabUntilAsync(page.Tab, "tab-pools");
        await page.Tab.Keyboard.PressAsync("ArrowRight");
        await Expect(page.Tab.Locator("#panel-routes")).ToBeVisibleAsync();
        Assert.Equal("tab-routes", await page.Tab.EvaluateAsync<string>("document.activeElement.id"));
        await page.Tab.Keyboard.PressAsync("Home");
        await TabUntilAsync(page.Tab, "Drain auth-1");
        // What has the focus can be seen to have it.
        Assert.Equal("2px", await page.Tab.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineWidth"));
        await page.Tab.Keyboard.PressAsync("Enter");

        await Expect(page.Row("auth-1")).ToContainTextAsync("Draining");
        // The button made way for its opposite, which has the focus now.
        await Expect(page.Tab.GetByRole(AriaRole.Button, new() { Name = "Resume auth-1" })).ToBeFocusedAsync();
        await page.Tab.Keyboard.PressAsync("Space");

        await Expect(page.Row("auth-1")).ToContainTextAsync("Healthy");
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task Figures_that_change_move_nothing()
    {
        await using var topology = await Topology.StartAsync();
        await using var page = await LivePage.OpenAsync(chromium, topology.Page);
        await Expect(page.Row("settings-1")).ToBeVisibleAsync();
        const string places = "[...document.querySelectorAll('.tile, .card, .tabs, #panel-pools tr')].map(node => { const box = node.getBoundingClientRect(); return [box.x, box.y, box.width, box.height].map(Math.round).join(' '); }).join('\\n')";
        var before = await page.Tab.EvaluateAsync<string>(places);

        topology.StartTraffic();
        await Expect(page.Node("route", "auth")).ToHaveAttributeAsync("aria-label", Moves());
        await Expect(page.Row("auth-1")).ToContainTextAsync("ms");

        Assert.Equal(before, await page.Tab.EvaluateAsync<string>(places));
    }

    [Fact]
    public async Task It_says_when_the_balancer_is_gone()
    {
        var topology = await Topology.StartAsync();
        await using var page = await LivePage.OpenAsync(chromium, topology.Page);
        await Expect(page.Tab.Locator("#link")).ToHaveTextAsync("live");

        await topology.DisposeAsync();

        await Expect(page.Tab.Locator("#link")).ToHaveTextAsync("no answer, trying again");
    }

    [Fact]
    public async Task Names_are_text_and_never_markup()
    {
        await using var topology = await Topology.StartAsync();
        const string hostile = "<img src=x onerror=window.isBroken=true>";
        await using var page = await LivePage.OpenAsync(chromium, topology.Page, prepare: tab => Figures.ServeAsync(tab, Figures.Make(backends: 3, name: hostile)));

        await Expect(page.Tab.Locator("#name")).ToHaveTextAsync(hostile);
        await Expect(page.Tab.Locator(".pool-card h3").First).ToContainTextAsync(hostile);
        Assert.Equal(0, await page.Tab.Locator("main img").CountAsync());
        Assert.Null(await page.Tab.EvaluateAsync<bool?>("window.isBroken ?? null"));
    }

    [Fact]
    public async Task Pictures_for_the_docs()
    {
        await using var topology = await Topology.StartAsync();
        topology.StartTraffic();
        await topology.ConnectAsync(24);
        await using var page = await LivePage.OpenAsync(chromium, new Uri(topology.Page, $"/#token={Topology.Token}"));
        await using var dark = await LivePage.OpenAsync(chromium, topology.Page, new() { ColorScheme = ColorScheme.Dark, ViewportSize = new() { Width = 1280, Height = 900 } });
        await Expect(page.Node("pool", "catalog")).ToHaveAttributeAsync("aria-label", Moves());
        // Until the lines have some length.
        await Expect(page.Tab.Locator(".tile .spark-line").First).ToHaveAttributeAsync("d", Long());

        await page.PictureAsync("live-page");
        await dark.PictureAsync("live-page-dark");
        await page.ChooseAsync("Routes");
        await Expect(page.Tab.GetByRole(AriaRole.Slider)).ToBeVisibleAsync();
        await page.PictureAsync("live-page-routes");
        await page.ChooseAsync("Connections");
        await Expect(page.Tab.Locator("#panel-connections tbody tr").First).ToBeVisibleAsync();
        await page.Tab.Locator("#tabs").ScrollIntoViewIfNeededAsync();
        await page.PictureAsync("live-page-connections");
        await page.ChooseAsync("Picks");
        await Expect(page.Tab.Locator("#panel-picks tbody tr").First).ToBeVisibleAsync();
        await page.PictureAsync("live-page-picks");
        page.AssertNoComplaints();
    }

    private static async Task<BackendState> StateAsync(Topology topology, string backend) =>
        (await topology.Server.GetStatisticsAsync()).Pools.SelectMany(pool => pool.Backends).Single(known => known.Name == backend).State;

    private static async Task TabUntilAsync(IPage tab, string wanted)
    {
        for (var presses = 0; presses < 80; presses++)
        {
            await tab.Keyboard.PressAsync("Tab");
            if (await tab.EvaluateAsync<string>("document.activeElement.id || document.activeElement.getAttribute('aria-label') || ''") == wanted)
            {
                return;
            }
        }

        Assert.Fail($"the keyboard does not reach '{wanted}'");
    }

    // Relative luminance by WCAG 2.2.
    private static async Task<double> LightnessAsync(IPage tab, string selector, string property)
    {
        var text = await tab.Locator(selector).First.EvaluateAsync<string>($"node => getComputedStyle(node).{property}");
        var parts = Numbers().Matches(text).Take(3).Select(match => double.Parse(match.Value, CultureInfo.InvariantCulture) / 255)
            .Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4)).ToArray();
        return (0.2126 * parts[0]) + (0.7152 * parts[1]) + (0.0722 * parts[2]);
    }

    [GeneratedRegex(@"[\d.]+")]
    private static partial Regex Numbers();

    [GeneratedRegex("^([5-9]|1[0-9])$")]
    private static partial Regex AtLeastFive();

    [GeneratedRegex("(L[^L]+){20,}")]
    private static partial Regex Long();

    [GeneratedRegex(@", 0/s$")]
    private static partial Regex Still();

    [GeneratedRegex(@", (?!0/s)[\d.k]+/s$")]
    private static partial Regex Moves();
}
